// How a service manager (systemd's Type=notify) learns that the server serves, and that it stops.
#pragma once

#include <string>
#include <string_view>

namespace tracia::app {

// Sends `state` ("READY=1", "STOPPING=1") to the datagram socket at `address`: what the manager put into NOTIFY_SOCKET,
// a path, or '@' and an abstract name. False when the address is neither, or nobody listens there; a server serves all
// the same. Source: sd_notify(3), "Notes".
bool notify(const std::string& address, std::string_view state);

}  // namespace tracia::app
