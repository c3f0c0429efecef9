// Clients that a server must bear: half of them ask for a long answer and read one byte of it a second, the others send
// one byte of their headers a second. Who is thrown out comes back. On one thread. Linux only.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace tracia::bench {

class SlowClients {
 public:
  // `request` is whole; the slow writers send its beginning.
  SlowClients(uint16_t port, std::string request, int count);
  ~SlowClients();  // closes their connections
  SlowClients(const SlowClients&) = delete;
  SlowClients& operator=(const SlowClients&) = delete;
  int connected() const { return connected_.load(); }  // now
  int returned() const { return returned_.load(); }    // how often one was thrown out and came back

 private:
  void run(uint16_t port, const std::string& request, int count);

  std::atomic<bool> stopping_{false};
  std::atomic<int> connected_{0}, returned_{0};
  std::thread thread_;
};

}  // namespace tracia::bench
