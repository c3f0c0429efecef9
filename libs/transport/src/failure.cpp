#include "failure.h"

#include <cerrno>

#include "tracia/base/limits.h"
#include "tracia/base/redact.h"

namespace tracia::transport {
namespace {

constexpr size_t kDetailBytesMax = 200;

std::string text(std::string_view a, std::string_view b, std::string_view c = {}, std::string_view d = {}) {
  std::string out;
  out.reserve(a.size() + b.size() + c.size() + d.size());
  return out.append(a).append(b).append(c).append(d);
}

Error network(ErrorKind kind, std::string message) {
  return {.code = ErrorCode::kNetworkError, .kind = kind, .message = std::move(message)};
}

Error malformed(std::string message) {
  return {.code = ErrorCode::kProviderError, .kind = ErrorKind::kMalformedResponse, .message = std::move(message)};
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// curl's words, fit for a message: printable, short, without secrets.
std::string readable(std::string_view detail) {
  std::string out = redact_secrets(detail.substr(0, kDetailBytesMax));
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return out;
}

std::string_view refusal(long os_errno) {
  switch (os_errno) {
    case ECONNREFUSED: return "connection refused";
    case ENETUNREACH: return "network unreachable";
    case EHOSTUNREACH: return "host unreachable";
    case ETIMEDOUT: return "no answer from the host";
    case ECONNRESET: return "connection reset";
    case EACCES:
    case EPERM: return "not permitted by this machine";
    case EADDRNOTAVAIL: return "no local address or port left";
    case EMFILE:
    case ENFILE: return "out of file descriptors";
    default: return "connection failed";
  }
}

// curl names whom it dialled ("Failed to connect to HOST port N"): somebody else than the host means a proxy.
bool dialled_a_proxy(const Failure& failure) {
  constexpr std::string_view lead = "Failed to connect to ";
  const size_t at = failure.detail.find(lead);
  if (at == std::string_view::npos) return false;
  const std::string_view dialled = failure.detail.substr(at + lead.size());
  const size_t port = dialled.find(" port ");
  if (port == std::string_view::npos) return false;
  std::string_view host = std::string_view(failure.host).substr(0, failure.host.rfind(':'));
  std::string_view name = dialled.substr(0, port);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  if (name.size() > 2 && name.front() == '[') name = name.substr(1, name.size() - 2);
  std::string_view digits = dialled.substr(port + 6);
  digits = digits.substr(0, digits.find_first_not_of("0123456789"));
  return name != host || digits != std::string_view(failure.host).substr(failure.host.rfind(':') + 1);
}

Error not_connected(const Failure& failure) {
  if (dialled_a_proxy(failure)) {
    return network(ErrorKind::kConnect,
                   text("Could not connect to the proxy for ", failure.host, ": ", refusal(failure.os_errno)));
  }
  return network(ErrorKind::kConnect, text("Could not connect to ", failure.host, ": ", refusal(failure.os_errno)));
}

// Numbers: X509_V_ERR_* of OpenSSL's x509_vfy.h.
std::string certificate_problem(const Failure& failure) {
  switch (failure.verify_result) {
    case 9: return text("The TLS certificate of ", failure.host, " is not valid yet (is this machine's clock right?)");
    case 10: return text("The TLS certificate of ", failure.host, " has expired");
    case 18:
    case 19: return text("The TLS certificate of ", failure.host, " is self-signed: its issuer is not trusted here");
    case 2:
    case 20:
    case 21: return text("The TLS certificate of ", failure.host, " comes from an unknown issuer");
    case 23: return text("The TLS certificate of ", failure.host, " has been revoked");
    case 62:
    case 64: return text("The TLS certificate of ", failure.host, " is for another host name");
    default: break;
  }
  if (contains(failure.detail, "subject name") || contains(failure.detail, "host name")) {
    return text("The TLS certificate of ", failure.host, " is for another host name");
  }
  return text("The TLS certificate of ", failure.host, " could not be verified: ", readable(failure.detail));
}

Error handshake(const Failure& failure) {
  // curl starts with 1 ("unspecified") and the verification, when it comes to that, replaces it.
  if (failure.verify_result > 1) return network(ErrorKind::kTls, certificate_problem(failure));
  // A peer that hangs up during the handshake says nothing about TLS: another try may succeed.
  if (contains(failure.detail, "SSL_ERROR_SYSCALL") || contains(failure.detail, "Connection reset") ||
      contains(failure.detail, "Broken pipe") || contains(failure.detail, "unexpected eof")) {
    return network(ErrorKind::kConnect, text(failure.host, " closed the connection during the TLS handshake"));
  }
  return network(ErrorKind::kTls, text("The TLS handshake with ", failure.host, " failed: ", readable(failure.detail)));
}

Error lost_or_malformed(const Failure& failure) {
  if (failure.proxy_status >= 300) {
    return network(ErrorKind::kConnect, text("The proxy refused to connect to ", failure.host, ": HTTP ",
                                             std::to_string(failure.proxy_status)));
  }
  if (contains(failure.detail, "chunk hex-length") || contains(failure.detail, "hexadecimal sequence") ||
      contains(failure.detail, "Malformed encoding")) {
    return malformed(text(failure.host, " sent a broken chunked body"));
  }
  return connection_cut(failure.host, failure.head_seen);
}

}  // namespace

Error connect_timeout(std::string_view host, Millis deadline) {
  return network(ErrorKind::kConnect, text("Could not connect to ", host, ": timed out after ",
                                           std::to_string(deadline.count()).append("ms (connect)")));
}

Error timeout(Millis deadline, std::string_view which) {
  std::string message = "Request timed out after " + std::to_string(deadline.count()) + "ms";
  if (!which.empty()) message.append(" (").append(which).append(")");
  return {.code = ErrorCode::kTimeout, .kind = ErrorKind::kTimeout, .message = std::move(message)};
}

Error aborted() {
  return {.code = ErrorCode::kAborted, .kind = ErrorKind::kAborted, .message = "Request was cancelled"};
}

Error transport_closed() {
  return {.code = ErrorCode::kAborted,
          .kind = ErrorKind::kAborted,
          .message = "Request was cancelled: the client is closed"};
}

Error body_too_large(std::string_view host, size_t bytes_max) {
  return {.code = ErrorCode::kProviderError,
          .kind = ErrorKind::kTooLarge,
          .message = text("The answer of ", host, " is longer than ", std::to_string(bytes_max).append(" bytes"))};
}

Error headers_too_large(std::string_view host) {
  return {.code = ErrorCode::kProviderError,
          .kind = ErrorKind::kTooLarge,
          .message = text("The response headers of ", host, " are longer than ",
                          std::to_string(limits::kHeaderBytesMax).append(" bytes"))};
}

Error address_refused(std::string_view host) {
  return {.code = ErrorCode::kForbidden,
          .kind = ErrorKind::kPermission,
          .message = text(host, " leads to a private or local address, which is not allowed here")};
}

Error connection_cut(std::string_view host, bool head_seen) {
  return network(ErrorKind::kConnectionLost,
                 head_seen ? text("The connection to ", host, " broke before the whole answer had come")
                           : text("The connection to ", host, " broke before an answer came"));
}

Error describe(const Failure& failure) {
  switch (failure.code) {
    case CURLE_URL_MALFORMAT: return Error::invalid(text("Not a valid URL for host ", failure.host));
    case CURLE_COULDNT_RESOLVE_HOST:
      return network(ErrorKind::kConnect, text("Could not connect to ", failure.host, ": host name not found (DNS)"));
    case CURLE_COULDNT_RESOLVE_PROXY:
      return network(ErrorKind::kConnect,
                     text("Could not connect to the proxy for ", failure.host, ": host name not found (DNS)"));
    case CURLE_COULDNT_CONNECT: return not_connected(failure);
    case CURLE_PROXY: return network(ErrorKind::kConnect, text("The proxy refused to connect to ", failure.host));
    case CURLE_OPERATION_TIMEDOUT: return connect_timeout(failure.host, failure.connect_deadline);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS: return network(ErrorKind::kTls, certificate_problem(failure));
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER: return handshake(failure);
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
      return network(ErrorKind::kTls,
                     text("The file of trusted certificates could not be read; no TLS connection to ", failure.host));
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return lost_or_malformed(failure);
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9, that is, no status line
    case CURLE_BAD_CONTENT_ENCODING: return malformed(text(failure.host, " did not answer in HTTP"));
    case CURLE_OUT_OF_MEMORY:  // curl's answer, too, to one endless header line
      if (!failure.head_seen) return headers_too_large(failure.host);
      break;
    default: break;
  }
  return network(ErrorKind::kOther,
                 text("The request to ", failure.host, " failed: ", curl_easy_strerror(failure.code)));
}

}  // namespace tracia::transport
