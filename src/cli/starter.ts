/** What `init` writes: a home network to play with, each idea in one comment. */
export const STARTER = `// A scenario file of middlebox: networks, and what is tried on them.
// Run it:              middlebox run scenarios.jsonc
// See every hop:       middlebox trace scenarios.jsonc --from laptop --to web --port 80
// What else there is:  middlebox --help
{
  "networks": {
    "home": {
      "nodes": {
        // a host sends and answers, and never forwards
        "laptop": {
          "kind": "host",
          "interfaces": { "eth0": "192.168.0.4/24" },
          "gateway": "192.168.0.1",
          "services": ["http"]
        },
        // a gateway forwards; this one hides the home behind its own address, and lets in only answers
        "gateway": {
          "kind": "gateway",
          "interfaces": { "lan": "192.168.0.1/24", "wan": "203.0.113.5/24" },
          "gateway": "203.0.113.1",
          "firewall": {
            "forward": {
              "policy": "drop",
              "rules": [
                { "match": { "state": ["established", "related"] }, "action": "accept" },
                { "name": "from home", "match": { "inInterface": "lan" }, "action": "accept" }
              ]
            }
          },
          "nat": {
            "rules": [{ "match": { "outInterface": "wan" }, "action": "masquerade" }]
          }
        },
        "internet": {
          "kind": "router",
          "interfaces": { "customer": "203.0.113.1/24", "servers": "198.51.100.1/24" }
        },
        "web": {
          "kind": "host",
          "interfaces": { "eth0": "198.51.100.80/24" },
          "gateway": "198.51.100.1",
          "services": ["http", "ftp"]
        }
      },
      // NODE:INTERFACE, or NODE alone where it has only one
      "links": [
        ["laptop", "gateway:lan"],
        { "between": ["gateway:wan", "internet:customer"], "latency": "8ms" },
        ["internet:servers", "web"]
      ],
      // routers of the public Internet discard private addresses
      "publicInternet": ["internet"]
    }
  },
  "scenarios": [
    {
      "name": "the web sees the address of the gateway",
      "network": "home",
      "steps": [
        {
          "connect": { "from": "laptop", "to": "web", "port": 80 },
          "expect": { "outcome": "connected", "seenAs": { "address": "203.0.113.5" } }
        }
      ]
    },
    {
      "name": "nobody gets in by himself",
      "network": "home",
      "steps": [
        {
          "connect": { "from": "web", "to": "203.0.113.5", "port": 80 },
          "expect": "refused"
        },
        // a what-if: forward port 80 to the laptop, while the network runs
        {
          "change": {
            "op": "add",
            "path": "/nodes/gateway/nat/rules/-",
            "value": { "match": { "inInterface": "wan", "protocol": "tcp", "destinationPort": 80 }, "action": "dnat", "to": "192.168.0.4" }
          }
        },
        {
          "name": "translated now, but the firewall still says no",
          "connect": { "from": "web", "to": "203.0.113.5", "port": 80 },
          "expect": { "outcome": "timeout", "blockedAt": "gateway", "blockedBy": "firewall.forward.policy" }
        }
      ]
    },
    {
      "name": "active FTP does not get through NAT",
      "network": "home",
      "steps": [
        { "ftp": { "from": "laptop", "to": "web", "mode": "active" }, "expect": "data-failed" },
        { "ftp": { "from": "laptop", "to": "web", "mode": "passive" }, "expect": "transferred" }
      ]
    },
    {
      "name": "unless the gateway helps",
      "network": "home",
      "change": { "op": "add", "path": "/nodes/gateway/nat/helpers", "value": ["ftp"] },
      "steps": [{ "ftp": { "from": "laptop", "to": "web", "mode": "active" }, "expect": "transferred" }]
    }
  ]
}
`;
