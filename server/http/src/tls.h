// The server's side of TLS: certificate, key, and what is spoken.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "tracia/base/result.h"

namespace tracia::http {

// TLS 1.2 with forward secrecy and AEAD ciphers, and TLS 1.3. `cert` and `key` name PEM files; the certificate's chain
// follows it in the same file. Errors: kInvalidRequest naming the file and what is wrong with it.
Result<std::unique_ptr<boost::asio::ssl::context>> make_tls_context(const std::string& cert, const std::string& key);

}  // namespace tracia::http
