// AWS Signature Version 4 for requests whose payload is at hand. Source: AWS, "Create a signed AWS API request".
#pragma once

#include <string>
#include <string_view>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/wire/http.h"

namespace tracia::wire {

struct SigV4Credentials {
  std::string_view access_key_id;
  std::string_view secret_access_key;
  std::string_view session_token = {};  // "" for long-term keys
};

// Adds x-amz-date, x-amz-security-token (when there is one) and authorization, replacing what the request has under
// these names. Signs the method, the path, the query, the body and every header of the request but those that a
// transport or proxy may change (user-agent, accept-encoding, content-length, connection, …), so it must be the last
// change to the request.
//
// The path is taken as it is on the wire and percent-encoded once more, after dot segments and empty segments are
// resolved: a Bedrock model id "…-v1:0" that travels as "…-v1%3A0" is signed as "…-v1%253A0". Service "s3" alone signs
// the path as it is and gets x-amz-content-sha256.
//
// Errors: kInvalidRequest when the URL is not http(s), or when credentials are empty or hold bytes that a header may
// not carry (they are not echoed). Pure and thread-safe. About 7 SHA-256 calls plus one pass over the body.
Status sign_sigv4(HttpRequest& request, const SigV4Credentials& credentials, std::string_view region,
                  std::string_view service, Timestamp now);

// What sign_sigv4 hashes, for tests and for finding out why a vendor refuses a signature.
struct SigV4Parts {
  std::string canonical_request;
  std::string signed_headers;  // "host;x-amz-date"
};
Result<SigV4Parts> sigv4_canonical_request(const HttpRequest& request, std::string_view service);

// SHA-256 as lower-case hex. kUnknown when the OpenSSL at hand has none.
Result<std::string> sha256_hex(std::string_view bytes);

}  // namespace tracia::wire
