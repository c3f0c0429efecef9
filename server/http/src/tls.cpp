#include "tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509err.h>

#include <fstream>

namespace tracia::http {
namespace {

namespace ssl = boost::asio::ssl;

Error wrong(const std::string& what) { return Error::invalid("TLS: " + what); }

bool is_readable(const std::string& path) {
  std::ifstream in(path);
  return in.good() && in.peek() != std::ifstream::traits_type::eof();
}

Status load(ssl::context& context, const std::string& cert, const std::string& key) {
  for (const auto& [what, path] : {std::pair{"certificate", &cert}, {"key", &key}}) {
    if (!is_readable(*path)) return fail(wrong("cannot read the " + std::string(what) + " file " + *path));
  }
  boost::system::error_code ec;
  context.use_certificate_chain_file(cert, ec);
  if (ec) return fail(wrong(cert + " holds no PEM certificate: " + ec.message()));
  context.use_private_key_file(key, ssl::context::pem, ec);
  if (!ec) return {};
  if (ERR_GET_REASON(static_cast<unsigned long>(ec.value())) == X509_R_KEY_VALUES_MISMATCH ||
      ERR_GET_REASON(static_cast<unsigned long>(ec.value())) == X509_R_KEY_TYPE_MISMATCH) {
    return fail(wrong("the key in " + key + " does not belong to the certificate in " + cert));
  }
  return fail(wrong(key + " holds no PEM private key without a passphrase: " + ec.message()));
}

}  // namespace

Result<std::unique_ptr<ssl::context>> make_tls_context(const std::string& cert, const std::string& key) {
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // idle connections cost little
  // Without this a key with a passphrase would ask for it on the terminal.
  SSL_CTX_set_default_passwd_cb(native, [](char*, int, int, void*) { return 0; });
  TRACIA_TRY(load(*context, cert, key));
  return context;
}

}  // namespace tracia::http
