// A running server: everything that `tracia serve` makes, in the order in which it needs each other, and its end.
#pragma once

#include <memory>
#include <string>

#include "tracia/base/result.h"
#include "tracia/config/config.h"
#include "tracia/llm/endpoint.h"

namespace tracia::app {

// A listening address as somebody on this machine can connect to it: nobody can connect to "all addresses".
std::string reachable_address(std::string address);

// start() once, then stop() once, from the same thread. The destructor stops with no grace.
class ServerProcess {
 public:
  ServerProcess(config::Config config, llm::EnvReader env);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Opens the data directory, prepares access and listens. Serving has begun when it returns. Errors are for people:
  // directory in use, port taken, a newer format, a weak bootstrap key, wrong TLS files.
  Status start();
  // Stops accepting, lets answers in flight finish for at most `grace`, cancels what still runs, and closes the
  // directory once all spans are on disk.
  void stop(Millis grace);

  std::string url() const;         // where people find it: the public URL, else that of the socket
  std::string setup_link() const;  // "" once there is an owner

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tracia::app
