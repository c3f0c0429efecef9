// What was received, for tests to look at: the last requests in memory, and all of them as NDJSON when a file is named.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/http/server.h"

namespace tracia::simulate {

// Thread-safe.
class RequestLog {
 public:
  // Keeps `capacity` requests, bodies cut at 64 KiB. "" for no file.
  Status open(size_t capacity, const std::string& file);
  // `status` is what the simulator was going to answer before a fault named by `fault` ("" for none).
  void add(const http::Request& request, int status, std::string_view fault);
  void clear();
  uint64_t received() const;
  // {"received":N,"requests":[{sequence, method, path, query, headers, body, bodyBytes, status, fault}]}, oldest first.
  // Credentials in headers and query are masked. The body is JSON when it is valid JSON, else a string.
  std::string to_json() const;

 private:
  struct Entry {
    uint64_t sequence = 0;
    std::string method, path, query, body, fault;
    wire::Headers headers;
    size_t body_bytes = 0;
    int status = 0;
  };
  static void fill(Entry& entry, const http::Request& request, int status, std::string_view fault);
  static std::string entry_json(const Entry& entry);

  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  mutable std::mutex mutex_;
  std::vector<Entry> ring_;  // slot of sequence n: n % size
  size_t held_ = 0;
  uint64_t received_ = 0;
  std::unique_ptr<std::FILE, CloseFile> file_;
};

}  // namespace tracia::simulate
