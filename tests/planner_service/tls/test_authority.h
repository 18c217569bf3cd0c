// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_PLANNER_SERVICE_TLS_TEST_AUTHORITY_H_
#define RECURVE_TESTS_PLANNER_SERVICE_TLS_TEST_AUTHORITY_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace recurve {

// What to certify.
struct CertificateWish {
  std::string names = "IP:127.0.0.1,DNS:localhost";
  long seconds_left = 86'400;        // NOLINT(google-runtime-int): OpenSSL's type. Negative: expired
  long seconds_old = 86'400;         // NOLINT(google-runtime-int). Negative: not valid yet
  std::string common_name = "test";  // empty: none
  std::string usage;                 // extended key usage, such as "clientAuth"; empty: any
  std::string curve = "P-256";       // of the key
};

struct PemPair {
  std::string certificate;
  std::string key;
};

// A certification authority that exists for one test.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name) : TestAuthority(name, nullptr) {}

  // One whose certificate this one signs.
  TestAuthority Intermediate(const std::string& name) const { return {name, this}; }

  const std::string& certificate() const { return pem_; }
  PemPair Issue(const CertificateWish& wish = {}) const;

 private:
  TestAuthority(const std::string& name, const TestAuthority* issuer);

  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
  std::string pem_;
};

// The same key with a passphrase.
std::string Encrypted(const std::string& key);

}  // namespace recurve

#endif  // RECURVE_TESTS_PLANNER_SERVICE_TLS_TEST_AUTHORITY_H_
