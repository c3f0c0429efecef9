// A server that answers every request with the same bytes, in a process of its own: the cheapest upstream there is, so
// that what a client adds is not lost in what a server costs.
#pragma once

#include <cstdint>
#include <string>

namespace tracia::bench {

// Forks at construction (make it before any thread), kills the child at destruction.
class Responder {
 public:
  enum class Mode { kAnswer, kStall };  // kStall: takes requests, never answers
  explicit Responder(const std::string& body, const std::string& content_type = "application/json",
                     Mode mode = Mode::kAnswer);
  ~Responder();
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  double cpu_seconds() const;  // what answering has cost

 private:
  int child_ = -1;
  uint16_t port_ = 0;
};

}  // namespace tracia::bench
