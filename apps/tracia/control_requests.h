// What the command line asks of a data directory, as one line of JSON each (docs/formats/data-directory.md lists them).
// A running server answers them at its control socket; without one, the command opens the directory and answers itself.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tracia/base/result.h"
#include "tracia/json/reader.h"
#include "tracia/store_sqlite/control_socket.h"
#include "tracia/store_sqlite/data_directory.h"

namespace tracia::app {

// Told of what changed in the store, before the answer is given; for the server's memory. Either may be empty.
struct ControlCallbacks {
  std::function<void(const store::Project&)> project_made;
  std::function<void(const store::ApiKey&)> key_changed;  // made or revoked
};

// Answers {"ok":true,…} or {"ok":false,"error":{"code","message"}}. Blocks; thread-safe.
std::string handle_control(store_sqlite::DataDirectory& directory, const ControlCallbacks& callbacks,
                           std::string_view request, const store_sqlite::ControlSocket::SendProgress& progress = {});

// Sends `request` to the server that runs on `dir`, or answers it here when there is none: then the directory is
// opened, and made when `may_make`. An answer that is not ok comes back as its error.
struct ControlAnswer {
  json::Document document;
  json::Value value;
};
Result<ControlAnswer> call_control(const std::filesystem::path& dir, const std::string& request, bool may_make,
                                   const std::function<void(std::string_view)>& on_progress = {});

// Shows "file  45%" of a progress line on stderr, when that is a terminal; "" wipes it.
void show_progress(std::string_view line);
void show_progress(std::string_view file, uint64_t done, uint64_t total);
// Text of others for a terminal: without control characters.
std::string printable(std::string_view text);
std::string human_bytes(uint64_t bytes);  // "12.3 MB"

}  // namespace tracia::app
