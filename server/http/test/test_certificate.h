// Certificates made on the spot, so that none that expires lies in the tree.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

namespace tracia::http {

// A directory with cert.pem and key.pem (self-signed for "localhost", EC P-256), gone with this object.
class TestCertificate {
 public:
  TestCertificate() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tracia-tls-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1,
                               0);
    X509_set_issuer_name(certificate.get(), name);
    EXPECT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
    const File cert_out = open(cert());
    EXPECT_EQ(PEM_write_X509(cert_out.get(), certificate.get()), 1);
    write_key(key.get(), this->key(), nullptr);
  }
  ~TestCertificate() { std::filesystem::remove_all(directory_); }
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  std::string cert() const { return path("cert.pem"); }
  std::string key() const { return path("key.pem"); }
  std::string path(const std::string& name) const { return (directory_ / name).string(); }

  // Another key, with a passphrase when one is given.
  std::string write_other_key(const std::string& name, const char* passphrase = nullptr) const {
    const Key other(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    write_key(other.get(), path(name), passphrase);
    return path(name);
  }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;
  static File open(const std::string& path) { return {std::fopen(path.c_str(), "w"), &std::fclose}; }
  static void write_key(EVP_PKEY* key, const std::string& path, const char* passphrase) {
    const File out = open(path);
    EXPECT_EQ(
        PEM_write_PKCS8PrivateKey(out.get(), key, passphrase ? EVP_aes_256_cbc() : nullptr, passphrase,
                                  passphrase ? static_cast<int>(std::string(passphrase).size()) : 0, nullptr, nullptr),
        1);
  }
  std::filesystem::path directory_;
};

}  // namespace tracia::http
