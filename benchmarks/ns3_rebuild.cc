// The peer of the benchmark: the incident's two hosts in stock ns-3, built, run and destroyed for each run
// as its tutorial does it. A UDP exchange (two queries of 33 bytes, answers of 497 and 33), then a TCP
// connection whose SYNs are dropped at the server's device until ns-3 gives up. Nothing is stored.
//   ns3_rebuild RUNS
#include <ns3/error-model.h>
#include <ns3/internet-module.h>
#include <ns3/point-to-point-module.h>
#include <ns3/pointer.h>
#include <ns3/string.h>

#include <cstdio>
#include <cstdlib>

namespace {

// Drops TCP on its way in, as a rule at INPUT would.
class DropTcp : public ns3::ErrorModel {
  bool DoCorrupt(ns3::Ptr<ns3::Packet> packet) override {
    ns3::PppHeader ppp;
    ns3::Ipv4Header ip;
    auto copy = packet->Copy();
    copy->RemoveHeader(ppp);
    return copy->PeekHeader(ip) > 0 && ip.GetProtocol() == 6;
  }
  void DoReset() override {}
};

struct Run {
  bool failed = false;
  ns3::Ptr<ns3::Node> client;
  ns3::Ptr<ns3::Socket> tcp;
  ns3::Ipv4Address server_address;

  void answer(ns3::Ptr<ns3::Socket> socket) {
    ns3::Address from;
    for (std::uint32_t size = 497; auto packet = socket->RecvFrom(from); size = 33)
      socket->SendTo(ns3::Create<ns3::Packet>(size), 0, from);
  }

  void answered(ns3::Ptr<ns3::Socket> socket) {
    socket->Recv();
    if (tcp) return;  // the second answer
    tcp = ns3::Socket::CreateSocket(client, ns3::TcpSocketFactory::GetTypeId());
    tcp->SetConnectCallback(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>(),
                            ns3::MakeCallback(&Run::connection_failed, this));
    tcp->Connect(ns3::InetSocketAddress(server_address, 53));
  }

  void connection_failed(ns3::Ptr<ns3::Socket>) { failed = true; }

  void simulate() {
    ns3::NodeContainer nodes;
    nodes.Create(2);
    ns3::PointToPointHelper link;
    link.SetDeviceAttribute("DataRate", ns3::StringValue("10Gbps"));
    link.SetChannelAttribute("Delay", ns3::StringValue("30us"));
    const auto devices = link.Install(nodes);
    ns3::InternetStackHelper stack;
    stack.Install(nodes);
    ns3::Ipv4AddressHelper addresses("192.168.122.0", "255.255.255.0");
    server_address = addresses.Assign(devices).GetAddress(1);
    client = nodes.Get(0);
    devices.Get(1)->SetAttribute("ReceiveErrorModel", ns3::PointerValue(ns3::CreateObject<DropTcp>()));

    auto server = ns3::Socket::CreateSocket(nodes.Get(1), ns3::UdpSocketFactory::GetTypeId());
    server->Bind(ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), 53));
    server->SetRecvCallback(ns3::MakeCallback(&Run::answer, this));
    auto udp = ns3::Socket::CreateSocket(client, ns3::UdpSocketFactory::GetTypeId());
    udp->SetRecvCallback(ns3::MakeCallback(&Run::answered, this));
    udp->Connect(ns3::InetSocketAddress(server_address, 53));
    ns3::Simulator::ScheduleNow([udp] {  // not before the nodes' queues are set up
      udp->Send(ns3::Create<ns3::Packet>(33));
      udp->Send(ns3::Create<ns3::Packet>(33));
    });
    ns3::Simulator::Run();
    client = nullptr;
    tcp = nullptr;
    ns3::Simulator::Destroy();
  }
};

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 1;
  int failed = 0;
  for (int i = 0; i < runs; ++i) {
    Run run;
    run.simulate();
    failed += run.failed;
  }
  std::printf("%d of %d lookups failed\n", failed, runs);
  return failed == runs ? 0 : 1;
}
