#include "models/netfilter/iptables_loops.hh"

#include <algorithm>
#include <vector>

namespace hanglab::kernel {

namespace {

class Search {
 public:
  explicit Search(const RuleTable& table) : table_(table), done_(table.chains.size()) {}

  std::string visit(std::size_t chain) {
    if (const auto seen = std::ranges::find(path_, chain); seen != path_.end()) {
      std::string loop;
      for (auto step = seen; step != path_.end(); ++step) loop += table_.chains[*step].name + " -> ";
      return loop + table_.chains[chain].name;
    }
    if (done_[chain]) return {};
    path_.push_back(chain);
    for (const Rule& rule : table_.chains[chain].rules) {
      if (rule.target.kind != Target::Kind::jump && rule.target.kind != Target::Kind::go_to) continue;
      if (auto loop = visit(rule.target.chain); !loop.empty()) return loop;
    }
    path_.pop_back();
    done_[chain] = true;
    return {};
  }

 private:
  const RuleTable& table_;
  std::vector<bool> done_;
  std::vector<std::size_t> path_{};
};

}  // namespace

std::string find_loop(const RuleTable& table) {
  Search search(table);
  for (std::size_t base = 0; base < RuleTable::base_chains; ++base) {
    if (auto loop = search.visit(base); !loop.empty()) return loop;
  }
  return {};
}

}  // namespace hanglab::kernel
