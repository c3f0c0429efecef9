// An open-loop load: requests leave on a schedule whether or not earlier ones were answered, and each latency counts
// from the moment its request was due, so that a server that stalls cannot hide it (no coordinated omission). Over
// kept HTTP/1.1 connections on one thread. Linux only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tracia::bench {

struct LoadOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 0;
  std::vector<std::string> requests;  // whole, head and body; sent in turn
  std::string unique;  // a placeholder of 16 characters in them, replaced by 16 hex digits that never repeat
  double rate = 1000;  // requests a second; 0: as many as there are answers (a closed loop over `connections`)
  double seconds = 5;
  bool once = false;  // ends when each request was sent once, whatever `seconds` says
  int connections = 64;
};

struct LoadReport {
  std::vector<double> latency_ms;  // from due to the answer's last byte, sorted
  std::vector<double> gap_ms;      // between pieces of streamed answers, sorted
  uint64_t sent = 0, failed = 0;   // failed: another status than 2xx, or a broken connection
  uint64_t late = 0;               // due while no connection was free (they waited, and their wait counts)
  double seconds = 0;
  double percentile(double p) const;  // of latency_ms
  double gap_percentile(double p) const;
  std::string first_failure;  // the beginning of the first bad answer
};

LoadReport run_load(const LoadOptions& options);

// A subprocess: its output is discarded unless `output` names a file.
class Child {
 public:
  Child(const std::vector<std::string>& command, const std::vector<std::string>& environment,
        const std::string& output = "/dev/null");
  ~Child();  // SIGTERM, then waits
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  int pid() const { return pid_; }
  double cpu_seconds() const;             // all threads
  double background_cpu_seconds() const;  // those of them that seal and index
  uint64_t resident_bytes() const;        // now
  void kill_hard();

 private:
  int pid_ = -1;
};

// One request over a connection of its own; the whole answer. "" when it could not be had.
std::string http_once(const std::string& host, uint16_t port, const std::string& request);
// Waits (30 s) until GET path answers 200.
bool wait_ready(const std::string& host, uint16_t port, const std::string& path);
uint16_t free_port();

}  // namespace tracia::bench
