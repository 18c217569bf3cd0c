// SPDX-License-Identifier: Apache-2.0
#include "planner_service/tls/certificates.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

using Time = std::chrono::system_clock::time_point;

constexpr char kBegin[] = "-----BEGIN CERTIFICATE-----";

std::unique_ptr<BIO, decltype(&BIO_free)> Reader(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

Time TimeOf(const ASN1_TIME* time) {
  std::tm utc{};
  if (ASN1_TIME_to_tm(time, &utc) != 1) return Time();
  return std::chrono::system_clock::from_time_t(timegm(&utc));
}

size_t CountOf(const std::string& text, const std::string& pattern) {
  size_t count = 0;
  for (size_t at = text.find(pattern); at != std::string::npos; at = text.find(pattern, at + 1)) ++count;
  return count;
}

absl::Status CheckTime(const X509& certificate, const std::string& name) {
  const Time now = std::chrono::system_clock::now();
  const Time start = TimeOf(X509_get0_notBefore(&certificate));
  if (now < start) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is not valid before ", FormatTime(start), "; check the clock of this machine"));
  }
  if (now <= ExpiryOf(certificate)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " expired on ", FormatTime(ExpiryOf(certificate)), "; renew it"));
}

std::string TextOf(const ASN1_STRING& string) {
  unsigned char* utf8 = nullptr;
  const int bytes = ASN1_STRING_to_UTF8(&utf8, &string);
  if (bytes < 0) {
    ERR_clear_error();
    return "";
  }
  std::string text(reinterpret_cast<const char*>(utf8), static_cast<size_t>(bytes));
  OPENSSL_free(utf8);
  return text;
}

// Empty for kinds of names that are not text.
std::string TextOf(const GENERAL_NAME& name) {
  int kind = 0;
  const auto* const value = static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(&name, &kind));
  if (kind == GEN_DNS || kind == GEN_EMAIL || kind == GEN_URI) return TextOf(*value);
  if (kind != GEN_IPADD) return "";
  char text[INET6_ADDRSTRLEN] = "";
  const int length = ASN1_STRING_length(value);
  if (length == 4) inet_ntop(AF_INET, ASN1_STRING_get0_data(value), text, sizeof(text));
  if (length == 16) inet_ntop(AF_INET6, ASN1_STRING_get0_data(value), text, sizeof(text));
  return text;
}

// OpenSSL's callback for the passphrase of a key: there is none. Without it, OpenSSL would ask on the terminal.
int NoPassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

}  // namespace

std::string TakeOpenSslError() {
  const unsigned long error = ERR_peek_last_error();  // NOLINT(google-runtime-int): OpenSSL's type
  const char* reason = ERR_reason_error_string(error);
  std::string text = reason == nullptr ? "unknown error" : reason;
  ERR_clear_error();
  return text;
}

absl::StatusOr<std::vector<Certificate>> ParseCertificates(const std::string& pem, const std::string& file) {
  const size_t count = CountOf(pem, kBegin);
  if (count == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, " contains no certificate; must be PEM with at least one ", kBegin));
  }
  const auto reader = Reader(pem);
  std::vector<Certificate> certificates;
  while (X509* next = PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr)) certificates.emplace_back(next);
  const std::string why = TakeOpenSslError();  // at the end of the text, too
  if (certificates.size() >= count) return certificates;
  return absl::InvalidArgumentError(absl::StrCat(file, ": certificate ", certificates.size() + 1,
                                                 " is damaged or incomplete (", why, "); write the file again"));
}

absl::StatusOr<PrivateKey> ParsePrivateKey(const std::string& pem, const std::string& file) {
  bool encrypted = false;
  PrivateKey key(PEM_read_bio_PrivateKey(Reader(pem).get(), nullptr, &NoPassphrase, &encrypted));
  if (key != nullptr) return key;
  const std::string why = TakeOpenSslError();
  if (encrypted) {
    return absl::InvalidArgumentError(absl::StrCat(
        file, " is encrypted; must be a key without a passphrase, as `openssl pkey -in ", file, "` prints it"));
  }
  return absl::InvalidArgumentError(absl::StrCat(file, " contains no private key that can be read (", why,
                                                 "); must be PEM, such as -----BEGIN PRIVATE KEY-----"));
}

Time ExpiryOf(const X509& certificate) { return TimeOf(X509_get0_notAfter(&certificate)); }

std::string NameIn(const X509& certificate) {
  const X509_NAME* const subject = X509_get_subject_name(&certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  std::string name = at < 0 ? "" : TextOf(*X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (!name.empty()) return name;
  auto* const names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names) && name.empty(); ++i) name = TextOf(*sk_GENERAL_NAME_value(names, i));
  GENERAL_NAMES_free(names);
  ERR_clear_error();
  return name;
}

std::string FormatTime(Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &utc)};
}

absl::Status CheckChain(const std::vector<Certificate>& chain, const std::string& file) {
  for (size_t i = 0; i < chain.size(); ++i) {
    const std::string name = absl::StrCat(file, ": certificate ", i + 1);
    if (absl::Status status = CheckTime(*chain[i], name); !status.ok()) return status;
    if (i == 0) continue;
    X509* const signed_one = chain[i - 1].get();
    X509* const issuer = chain[i].get();
    if (X509_check_issued(issuer, signed_one) == X509_V_OK && X509_verify(signed_one, X509_get0_pubkey(issuer)) == 1) {
      continue;
    }
    ERR_clear_error();
    return absl::InvalidArgumentError(absl::StrCat(
        name, " did not sign certificate ", i, "; must have its owner's certificate first, then that of its issuer, ",
        "then that of the issuer's issuer, and no other"));
  }
  return absl::OkStatus();
}

absl::Status CheckAuthorities(const std::vector<Certificate>& authorities, const std::string& file) {
  const auto is_valid = [](const Certificate& each) { return CheckTime(*each, "").ok(); };
  if (std::any_of(authorities.begin(), authorities.end(), is_valid)) return absl::OkStatus();
  return CheckTime(*authorities.back(), absl::StrCat(file, ": certificate ", authorities.size()));
}

}  // namespace recurve
