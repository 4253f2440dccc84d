#include "cli/frame_options.hh"

#include <fmt/format.h>

#include <charconv>

#include "core/error.hh"
#include "scenario/units.hh"

namespace hanglab::cli {

namespace po = boost::program_options;

namespace {

constexpr std::uint16_t most_vlan = 4094;  // IEEE 802.1Q: 0 and 4095 are reserved

double read_factor(const std::string& text, const char* option) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || !(value > 0) || value > 1e12)
    throw InputError(fmt::format("{} {}: is a number above 0", option, text));
  return value;
}

Duration read_time(const std::string& text, const char* option) {
  return text.empty() ? Duration(0) : scenario::read_duration(text, {.file = option});
}

// "auto" and no word leave it to the caller.
std::optional<replay::MacAddress> read_mac(const std::string& text, const char* option) {
  if (text.empty() || text == "auto") return {};
  const auto mac = replay::parse_mac(text);
  if (!mac) throw InputError(fmt::format("{} {}: reads 02:00:00:00:00:01 or auto", option, text));
  return mac;
}

// What `read` throws, with the option in front.
auto named(const char* option, auto&& read) {
  try {
    return read();
  } catch (const InputError& error) {
    throw InputError(fmt::format("{} {}", option, error.what()));
  }
}

}  // namespace

void FrameOptions::add_to(po::options_description& options) {
  options.add_options()                                                                            //
      ("interface", po::value(&interface)->value_name("IF"), "send the frames on this interface")  //
      ("frames", po::bool_switch(&into_scenario),
       "with --into: put the clients' frames onto the hosts' interfaces")  //
      ("write", po::value(&file)->value_name("FILE"),
       "write a capture of what would be sent, instead of sending")                            //
      ("i-own-this-network", po::bool_switch(&own_network), "needed to send on an interface")  //
      ("allow", po::value(&allowed)->composing()->value_name("NETWORK"),
       "destinations that may be sent to (the interface's own networks)")                                //
      ("speed", po::value(&speed)->value_name("FACTOR"), "so many times as fast as recorded (1)")        //
      ("pps", po::value(&packet_rate)->value_name("RATE"), "packets a second instead")                   //
      ("mbps", po::value(&bit_rate)->value_name("RATE"), "Mbit/s instead")                               //
      ("topspeed", po::bool_switch(&top_speed), "as fast as the interface takes them")                   //
      ("loop", po::value(&loops)->value_name("N"), "the whole capture so often (1)")                     //
      ("map-port", po::value(&ports)->composing()->value_name("P=Q"), "port P becomes Q")                //
      ("source-mac", po::value(&source_mac)->value_name("MAC"), "of all frames; auto: the interface's")  //
      ("destination-mac", po::value(&destination_mac)->value_name("MAC"),
       "of all frames; auto: who is asked on this network (neighbour table)")                            //
      ("strip-vlan", po::bool_switch(&strip_vlan), "take VLAN tags off")                                 //
      ("vlan", po::value(&vlan)->value_name("ID"), "put an 802.1Q tag around each frame")                //
      ("fragment", po::bool_switch(&fragment), "cut packets over the MTU, instead of leaving them out")  //
      ("pad", po::bool_switch(&pad), "fill what the capture cut short with zeros")                       //
      ("keep-checksums", po::bool_switch(&keep_checksums), "wrong ones stay wrong")                      //
      ("only-clients", po::bool_switch(&only_clients), "what goes to port 53 alone")                     //
      ("rule", po::value(&rules)->composing()->value_name("IPTABLES"),
       "a rule for OUTPUT that frames pass, as typed: 'iptables -A OUTPUT …'")     //
      ("loss", po::value(&loss)->value_name("SHARE"), "lose so many of them: 5%")  //
      ("delay", po::value(&delay)->value_name("TIME"), "send each so much later")  //
      ("jitter", po::value(&jitter)->value_name("TIME"), "… give or take this");
}

replay::PaceKind FrameOptions::pace() const {
  const int told = (speed.empty() ? 0 : 1) + (packet_rate.empty() ? 0 : 1) + (bit_rate.empty() ? 0 : 1) +
                   (top_speed ? 1 : 0);
  if (told > 1) throw InputError("--speed, --pps, --mbps and --topspeed: one of them");
  if (top_speed) return replay::TopSpeed{};
  if (!packet_rate.empty()) return replay::PacketsPerSecond{read_factor(packet_rate, "--pps")};
  if (!bit_rate.empty()) return replay::BitsPerSecond{1e6 * read_factor(bit_rate, "--mbps")};
  if (!speed.empty()) return replay::AsRecorded{read_factor(speed, "--speed")};
  return replay::AsRecorded{};
}

ImpairmentSettings FrameOptions::impairment() const {
  return {.rules = rules,
          .loss = loss.empty() ? 0 : scenario::read_share(loss, {.file = "--loss"}),
          .delay = read_time(delay, "--delay"),
          .jitter = read_time(jitter, "--jitter")};
}

replay::RewriteRules FrameOptions::rewriting() const {
  if (vlan > most_vlan) throw InputError(fmt::format("--vlan {}: is at most {}", vlan, most_vlan));
  replay::RewriteRules all{.edit = {.put_checksums_right = !keep_checksums},
                           .source = read_mac(source_mac, "--source-mac"),
                           .destination = read_mac(destination_mac, "--destination-mac"),
                           .ask_for_all = destination_mac == "auto",
                           .strip_vlan = strip_vlan,
                           .fragment = fragment,
                           .pad = pad,
                           .only_clients = only_clients};
  if (vlan > 0) all.add_vlan = vlan;
  for (const auto& map : maps)
    all.edit.addresses.push_back(named("--map", [&] { return replay::read_address_map(map); }));
  for (const auto& map : ports)
    all.edit.ports.push_back(named("--map-port", [&] { return replay::read_port_map(map); }));
  for (const auto& network : allowed)
    all.allowed.push_back(named("--allow", [&] { return replay::read_prefix(network); }));
  return all;
}

}  // namespace hanglab::cli
