// Where this system keeps the certificates it trusts: a wheel runs on other systems than the one it was built on, and
// the libcurl in it knows only that one's place.
#pragma once

#include <string>

namespace tracia::native {

// SSL_CERT_FILE if it is set; else the system's bundle; "" when none is found.
std::string trusted_certificates();

}  // namespace tracia::native
