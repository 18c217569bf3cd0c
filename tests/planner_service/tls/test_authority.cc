// SPDX-License-Identifier: Apache-2.0
#include "tests/planner_service/tls/test_authority.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>

namespace recurve {
namespace {

std::shared_ptr<EVP_PKEY> NewKey(const std::string& curve) { return {EVP_EC_gen(curve.c_str()), &EVP_PKEY_free}; }

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const auto bytes = static_cast<size_t>(BIO_get_mem_data(bio, &data));
  std::string text(data, bytes);
  BIO_free(bio);
  return text;
}

std::string PemOf(X509* certificate) {
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  return TextOf(bio);
}

std::string PemOf(EVP_PKEY* key) {
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  return TextOf(bio);
}

void Extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// A certificate without extensions or signature.
std::shared_ptr<X509> Draft(const std::string& name, EVP_PKEY* key, const CertificateWish& wish) {
  static std::atomic<long> serial{1};  // NOLINT(google-runtime-int): OpenSSL's type
  std::shared_ptr<X509> certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -wish.seconds_old);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), wish.seconds_left);
  if (!name.empty()) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  }
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

}  // namespace

TestAuthority::TestAuthority(const std::string& name, const TestAuthority* issuer)
    : key_(NewKey(CertificateWish().curve)), certificate_(Draft(name, key_.get(), {})) {
  X509* const signer = issuer == nullptr ? certificate_.get() : issuer->certificate_.get();
  X509_set_issuer_name(certificate_.get(), X509_get_subject_name(signer));
  Extend(certificate_.get(), signer, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(certificate_.get(), issuer == nullptr ? key_.get() : issuer->key_.get(), EVP_sha256());
  pem_ = PemOf(certificate_.get());
}

PemPair TestAuthority::Issue(const CertificateWish& wish) const {
  const std::shared_ptr<EVP_PKEY> key = NewKey(wish.curve);
  const std::shared_ptr<X509> certificate = Draft(wish.common_name, key.get(), wish);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
  Extend(certificate.get(), certificate_.get(), NID_subject_alt_name, wish.names);
  if (!wish.usage.empty()) Extend(certificate.get(), certificate_.get(), NID_ext_key_usage, wish.usage);
  X509_sign(certificate.get(), key_.get(), EVP_sha256());
  return {PemOf(certificate.get()), PemOf(key.get())};
}

std::string Encrypted(const std::string& key) {
  BIO* const reader = BIO_new_mem_buf(key.data(), static_cast<int>(key.size()));
  EVP_PKEY* const parsed = PEM_read_bio_PrivateKey(reader, nullptr, nullptr, nullptr);
  BIO* const writer = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(writer, parsed, EVP_aes_128_cbc(), "secret", 6, nullptr, nullptr);
  EVP_PKEY_free(parsed);
  BIO_free(reader);
  return TextOf(writer);
}

}  // namespace recurve
