// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/reloaded_tls.h"

#include <spdlog/spdlog.h>

#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/tls/certificates.h"

namespace recurve {
namespace {

bool Same(const TlsCredentials& one, const TlsCredentials& other) {
  return one.certificate == other.certificate && one.key == other.key && one.authorities == other.authorities;
}

std::string ValidityOf(const TlsCredentials& credentials) {
  return credentials.certificate.empty() ? "" : absl::StrCat(", valid until ", FormatTime(credentials.expiry));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ReloadedTls>> ReloadedTls::Open(const TlsFiles& files, TlsRole role,
                                                               std::chrono::milliseconds interval) {
  ASSIGN_OR_RETURN(TlsCredentials first, ReadTlsFiles(files, role));
  std::unique_ptr<ReloadedTls> reloaded(new ReloadedTls(files, role, std::move(first)));
  try {
    reloaded->thread_ = std::thread([self = reloaded.get(), interval] { self->Run(interval); });
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot start the thread that reloads certificates (",
                                                     error.what(), "); raise the limit (ulimit -u)"));
  }
  return reloaded;
}

ReloadedTls::ReloadedTls(const TlsFiles& files, TlsRole role, TlsCredentials first)
    : files_(files), role_(role), current_(std::make_shared<const TlsCredentials>(std::move(first))) {}

ReloadedTls::~ReloadedTls() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<const TlsCredentials> ReloadedTls::current() const {
  const MutexLock lock(mutex_);
  return current_;
}

void ReloadedTls::Run(std::chrono::milliseconds interval) {
  MutexLock lock(mutex_);
  while (!changed_.wait_for(lock, interval, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stop_; })) {
    lock.unlock();
    Reload();
    lock.lock();
  }
}

// Files may be read while they are being replaced. So what is wrong with them is reported only when it is still wrong
// at the next reading.
void ReloadedTls::Reload() {
  absl::StatusOr<TlsCredentials> read = ReadTlsFiles(files_, role_);
  if (read.ok()) {
    objection_.clear();
    const std::shared_ptr<const TlsCredentials> before = current();
    if (Same(*read, *before)) return;
    spdlog::info("TLS: loaded the changed files, {}{}",
                 files_.certificate.empty() ? files_.authorities : files_.certificate, ValidityOf(*read));
    const MutexLock lock(mutex_);
    current_ = std::make_shared<const TlsCredentials>(*std::move(read));
    return;
  }
  const std::string objection(read.status().message());
  const bool repeated = objection == std::exchange(objection_, objection);
  if (!repeated) reported_ = false;
  if (!repeated || std::exchange(reported_, true)) return;
  ++failures_;
  const std::shared_ptr<const TlsCredentials> kept = current();
  const bool expired = !kept->certificate.empty() && kept->expiry < std::chrono::system_clock::now();
  spdlog::error("TLS: {}{}", objection,
                expired ? "" : absl::StrCat("; the files loaded before remain in use", ValidityOf(*kept)));
}

}  // namespace recurve
