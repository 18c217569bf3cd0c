// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/doctor/daemon_checks.h"
#include "planner_service/tls/certificates.h"

namespace recurve {
namespace {

using std::chrono::system_clock;

constexpr std::chrono::hours kSoon{14 * 24};  // as of the alert RecurveCertificateExpiring

Finding OfExpiry(const std::string& what, system_clock::time_point expiry) {
  const auto days = std::chrono::duration_cast<std::chrono::hours>(expiry - system_clock::now()).count() / 24;
  const std::string found = absl::StrCat(what, " until ", FormatTime(expiry), ", ", days, days == 1 ? " day" : " days");
  if (expiry - system_clock::now() >= kSoon) return {.found = found};
  return {Severity::kWarning, found, "renew it"};
}

// Of a certificate and its key. Appends the certificate, if it is right, to `chain`.
std::vector<Finding> OfPair(const TlsFiles& files, TlsRole role, std::string& chain) {
  if (files.certificate.empty()) return {};
  std::vector<Finding> findings;
  const absl::StatusOr<TlsCredentials> read = ReadTlsFiles(files, role);
  if (read.ok()) {
    chain += read->certificate;
    findings.push_back(OfExpiry(absl::StrCat(files.certificate, " fits its key and is valid"), read->expiry));
  } else {
    findings.push_back(FindingOf(Severity::kFailure, read.status(), kPemFile));
  }
  struct stat key {};
  if (stat(files.key.c_str(), &key) == 0 && (key.st_mode & S_IRWXO) != 0) {
    findings.push_back({Severity::kWarning, absl::StrCat(files.key, " is open to every user of this machine"),
                        absl::StrCat("chmod o= ", files.key)});
  }
  return findings;
}

// Whether one of the authorities signed the last certificate of the chain.
bool IsSigned(const std::string& chain, std::vector<Certificate> authorities) {
  for (Certificate& authority : authorities) {
    std::vector<Certificate> pair;
    pair.push_back(std::move(ParseCertificates(chain, "").value().back()));
    pair.push_back(std::move(authority));
    if (CheckChain(pair, "").ok()) return true;
  }
  return false;
}

// `chain`: the certificate of a daemon; empty: none.
std::vector<Finding> OfAuthorities(const std::string& file, const std::string& chain) {
  if (file.empty()) return {};
  const absl::StatusOr<TlsCredentials> read = ReadTlsFiles({.authorities = file}, TlsRole::kClient);
  if (!read.ok()) return {FindingOf(Severity::kFailure, read.status(), kPemFile)};
  std::vector<Certificate> authorities = ParseCertificates(read->authorities, file).value();
  system_clock::time_point expiry;
  for (const Certificate& each : authorities) expiry = std::max(expiry, ExpiryOf(*each));
  std::vector<Finding> findings = {OfExpiry(absl::StrCat(file, " is valid"), expiry)};
  if (!chain.empty() && !IsSigned(chain, std::move(authorities))) {
    findings.push_back({Severity::kFailure, absl::StrCat("no CA in ", file, " signed the certificate of the daemon"),
                        "give clients the certificate of the CA that did"});
  }
  return findings;
}

}  // namespace

std::vector<Finding> CheckTls(const TlsFiles& daemon, const TlsFiles& client) {
  std::string chain;
  std::string ignored;
  std::vector<Finding> findings;
  for (const std::vector<Finding>& part :
       {OfPair(daemon, TlsRole::kServer, chain), OfPair(client, TlsRole::kClient, ignored)}) {
    findings.insert(findings.end(), part.begin(), part.end());
  }
  const std::vector<Finding> authorities = OfAuthorities(client.authorities, chain);
  findings.insert(findings.end(), authorities.begin(), authorities.end());
  return findings;
}

}  // namespace recurve
