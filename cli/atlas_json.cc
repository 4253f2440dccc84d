#include "cli/atlas_json.hh"

#include <nlohmann/json.hpp>

namespace hanglab::cli {

namespace {

using nlohmann::ordered_json;

ordered_json side_json(const analysis::AtlasSide& side) {
  return {{"lookups", side.lookups},    {"outcome", std::string(to_string(side.ending.outcome))},
          {"error", side.ending.error}, {"addresses", side.ending.addresses},
          {"so_ended", side.so_ended},  {"median_s", to_seconds(side.median)}};
}

}  // namespace

std::string atlas_json(const analysis::Atlas& atlas) {
  ordered_json rows = ordered_json::array();
  for (const auto& row : atlas.rows) {
    ordered_json cells = ordered_json::object();
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      const auto& cell = row.cells[i];
      ordered_json told = ordered_json::object();
      if (cell.simulated) told["simulated"] = side_json(*cell.simulated);
      if (cell.real) told["real"] = side_json(*cell.real);
      if (cell.agree) told["agree"] = *cell.agree;
      if (cell.packets_agree) told["packets_agree"] = *cell.packets_agree;
      if (!cell.first_difference.empty()) told["first_difference"] = cell.first_difference;
      told["why"] = cell.why;
      cells[atlas.clients[i]] = std::move(told);
    }
    rows.push_back({{"fault", row.fault}, {"description", row.description}, {"cells", std::move(cells)}});
  }
  const ordered_json all = {{"made_by", atlas.made_by},
                            {"clients", atlas.clients},
                            {"compared", atlas.compared()},
                            {"agreeing", atlas.agreeing()},
                            {"agreeing_in_packets", atlas.agreeing_in_packets()},
                            {"faults", std::move(rows)}};
  return all.dump(1) + "\n";
}

}  // namespace hanglab::cli
