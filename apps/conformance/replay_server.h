// Answers every request on a loopback port with one prepared response, its body cut into chosen pieces.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "tracia/wire/http.h"

namespace tracia::conformance {

// One connection at a time, keep-alive. Thread-safe. The destructor stops the thread.
class ReplayServer {
 public:
  // How many of the bytes left go into the next write (and HTTP chunk).
  using Cutter = std::function<size_t(size_t left)>;

  ReplayServer();
  ~ReplayServer();
  ReplayServer(const ReplayServer&) = delete;
  ReplayServer& operator=(const ReplayServer&) = delete;

  std::string base_url() const;
  // `chunked` frames the body by chunks, otherwise by Content-Length. Takes effect with the next request.
  void prepare(wire::HttpResponse response, bool chunked, Cutter cut);

 private:
  void run();
  bool serve(int connection);

  int listener_ = -1;
  uint16_t port_ = 0;
  std::mutex mutex_;
  wire::HttpResponse response_;
  bool chunked_ = true;
  Cutter cut_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace tracia::conformance
