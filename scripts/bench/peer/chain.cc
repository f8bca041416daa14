// A chain of routers in ns-3: point-to-point links of 10 Gb/s and 10 us, one UDP source of 64-byte datagrams.
// Prints {"packets":…,"received":…,"hops":…,"cpuNs":…,"wallNs":…} of Simulator::Run.
// usage: chain ROUTERS PACKETS
#include <ctime>
#include <iostream>

#include "ns3/applications-module.h"
#include "ns3/core-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"

using namespace ns3;

static uint64_t Now(clockid_t clock)
{
  timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

int main(int argc, char** argv)
{
  if (argc != 3) { std::cerr << "usage: chain ROUTERS PACKETS\n"; return 2; }
  const uint32_t routers = std::stoul(argv[1]), packets = std::stoul(argv[2]);
  NodeContainer nodes;
  nodes.Create(routers + 2);
  InternetStackHelper().Install(nodes);
  PointToPointHelper link;
  link.SetDeviceAttribute("DataRate", StringValue("10Gbps"));
  link.SetChannelAttribute("Delay", StringValue("10us"));
  link.SetQueue("ns3::DropTailQueue", "MaxSize", StringValue("1000000p"));
  Ipv4AddressHelper address;
  Ipv4InterfaceContainer last;
  for (uint32_t i = 0; i + 1 < nodes.GetN(); i++)
  {
    std::ostringstream base;
    base << "10.1." << i << ".0";
    address.SetBase(base.str().c_str(), "255.255.255.0");
    last = address.Assign(link.Install(nodes.Get(i), nodes.Get(i + 1)));
  }
  Ipv4GlobalRoutingHelper::PopulateRoutingTables();
  UdpServerHelper server(9);
  ApplicationContainer sink = server.Install(nodes.Get(nodes.GetN() - 1));
  UdpClientHelper client(last.GetAddress(1), 9);
  client.SetAttribute("MaxPackets", UintegerValue(packets));
  client.SetAttribute("Interval", TimeValue(MicroSeconds(1)));
  client.SetAttribute("PacketSize", UintegerValue(64));
  client.Install(nodes.Get(0)).Start(Seconds(1));
  const uint64_t cpu = Now(CLOCK_PROCESS_CPUTIME_ID), wall = Now(CLOCK_MONOTONIC);
  Simulator::Run();
  const uint64_t cpuTaken = Now(CLOCK_PROCESS_CPUTIME_ID) - cpu, wallTaken = Now(CLOCK_MONOTONIC) - wall;
  std::cout << "{\"packets\":" << packets << ",\"received\":" << sink.Get(0)->GetObject<UdpServer>()->GetReceived()
            << ",\"hops\":" << routers + 1 << ",\"cpuNs\":" << cpuTaken << ",\"wallNs\":" << wallTaken << "}\n";
  Simulator::Destroy();
  return 0;
}
