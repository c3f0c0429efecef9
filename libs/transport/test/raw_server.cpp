#include "raw_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace tracia::transport::test {
namespace {

int listen_on_loopback(int backlog, int& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd, any, size) != 0 || ::listen(fd, backlog) != 0 || ::getsockname(fd, any, &size) != 0) std::abort();
  port = ntohs(address.sin_port);
  return fd;
}

std::string pem_of(const std::function<void(BIO*)>& write) {
  BIO* bio = BIO_new(BIO_s_mem());
  write(bio);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  std::string out(bytes, static_cast<size_t>(size));
  BIO_free(bio);
  return out;
}

bool is_ip(const std::string& host) { return host.find_first_not_of("0123456789.") == std::string::npos; }

int choose_h2(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned int in_size,
              void*) {
  static constexpr unsigned char kH2[] = {2, 'h', '2'};
  return SSL_select_next_proto(const_cast<unsigned char**>(out), size, kH2, sizeof kH2, in, in_size) ==
                 OPENSSL_NPN_NEGOTIATED
             ? SSL_TLSEXT_ERR_OK
             : SSL_TLSEXT_ERR_NOACK;
}

SSL_CTX* server_context(const TlsIdentity& identity, bool http2) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  BIO* bio = BIO_new_mem_buf(identity.certificate.data(), static_cast<int>(identity.certificate.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  bio = BIO_new_mem_buf(identity.key.data(), static_cast<int>(identity.key.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  SSL_CTX_use_certificate(context, certificate);
  SSL_CTX_use_PrivateKey(context, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (http2) SSL_CTX_set_alpn_select_cb(context, &choose_h2, nullptr);
  return context;
}

size_t declared_length(const std::string& head) {
  const size_t at = head.find("Content-Length: ");
  return at == std::string::npos ? 0 : std::strtoul(head.c_str() + at + 16, nullptr, 10);
}

}  // namespace

TlsIdentity make_certificate(const CertificateShape& shape) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  EVP_PKEY* issuer_key = shape.foreign_issuer ? EVP_EC_gen("P-256") : key;
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), shape.expired ? -172800 : -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), shape.expired ? -86400 : 86400);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test server"), -1, -1,
                             0);
  X509_NAME* issuer = X509_NAME_dup(subject);
  if (shape.foreign_issuer) {
    X509_NAME_add_entry_by_txt(issuer, "O", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("nobody"), -1, -1, 0);
  }
  X509_set_issuer_name(certificate, issuer);
  X509_NAME_free(issuer);
  const std::string names = (is_ip(shape.host) ? "IP:" : "DNS:") + shape.host;
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(certificate, issuer_key, EVP_sha256());
  TlsIdentity identity{
      .certificate = pem_of([&](BIO* bio) { PEM_write_bio_X509(bio, certificate); }),
      .key = pem_of([&](BIO* bio) { PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); })};
  X509_free(certificate);
  if (issuer_key != key) EVP_PKEY_free(issuer_key);
  EVP_PKEY_free(key);
  return identity;
}

long Peer::receive(char* into, size_t size) {
  if (tls_ != nullptr) return SSL_read(tls_, into, static_cast<int>(size));
  return ::recv(fd_, into, size, 0);
}

bool Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const long n = tls_ != nullptr ? SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
                                   : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

std::string Peer::read_request() {
  std::array<char, 65536> buffer;
  for (;;) {
    const size_t head = rest_.find("\r\n\r\n");
    if (head != std::string::npos) {
      const size_t size = head + 4 + declared_length(rest_);
      if (rest_.size() >= size) {
        std::string request = rest_.substr(0, size);
        rest_.erase(0, size);
        return request;
      }
    }
    const long n = receive(buffer.data(), buffer.size());
    if (n <= 0) return {};
    rest_.append(buffer.data(), static_cast<size_t>(n));
  }
}

std::string Peer::read_exactly(size_t bytes) {
  std::array<char, 4096> buffer;
  while (rest_.size() < bytes) {
    const long n = receive(buffer.data(), buffer.size());
    if (n <= 0) break;
    rest_.append(buffer.data(), static_cast<size_t>(n));
  }
  std::string out = rest_.substr(0, bytes);
  rest_.erase(0, out.size());
  return out;
}

bool Peer::wait_closed() {
  std::array<char, 4096> buffer;
  for (;;) {
    pollfd one{fd_, POLLIN, 0};
    if (::poll(&one, 1, 20'000) <= 0) return false;
    if (::recv(fd_, buffer.data(), buffer.size(), 0) <= 0) return true;
  }
}

bool Peer::speaks_h2() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  if (tls_ != nullptr) SSL_get0_alpn_selected(tls_, &name, &size);
  return size == 2;
}

RawServer::RawServer(Script script, const TlsIdentity* tls, bool http2) : script_(std::move(script)) {
  if (tls != nullptr) tls_ = server_context(*tls, http2);
  listener_ = listen_on_loopback(512, port_);
  acceptor_ = std::thread([this] { accept_all(); });
}

RawServer::~RawServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [number, fd] : open_) ::shutdown(fd, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
  SSL_CTX_free(tls_);
}

std::string RawServer::url(std::string_view path, std::string_view host) const {
  return std::string(tls_ != nullptr ? "https://" : "http://")
      .append(host)
      .append(":" + std::to_string(port_))
      .append(path);
}

int RawServer::connections() const {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

void RawServer::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      ::close(fd);
      return;
    }
    const int number = ++accepted_;
    open_[number] = fd;
    threads_.emplace_back([this, fd, number] { serve(fd, number); });
  }
}

void RawServer::serve(int fd, int number) {
  sigset_t pipe;  // writing to a client that left must not end the test
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  SSL* tls = nullptr;
  bool ready = true;
  if (tls_ != nullptr) {
    tls = SSL_new(tls_);
    SSL_set_fd(tls, fd);
    ready = SSL_accept(tls) == 1;
  }
  if (ready) {
    Peer peer(fd, tls);
    peer.number = number;
    script_(peer);
  }
  if (tls != nullptr) {
    if (ready) SSL_shutdown(tls);
    SSL_free(tls);
  }
  const std::lock_guard lock(mutex_);
  open_.erase(number);
  ::close(fd);
}

std::string ok(std::string_view body) {
  return std::string("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ")
      .append(std::to_string(body.size()))
      .append("\r\n\r\n")
      .append(body);
}

RawServer::Script answer_all(std::string body) {
  return [answer = ok(body)](Peer& peer) {
    while (!peer.read_request().empty() && peer.send(answer)) {
    }
  };
}

FullPort::FullPort() {
  listener_ = listen_on_loopback(0, port_);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port_));
  for (int i = 0; i < 4; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
    fillers_.push_back(fd);
  }
}

FullPort::~FullPort() {
  for (const int fd : fillers_) ::close(fd);
  ::close(listener_);
}

int refused_port() {
  int port = 0;
  ::close(listen_on_loopback(1, port));
  return port;
}

}  // namespace tracia::transport::test
