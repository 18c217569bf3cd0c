// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/open_streams.h"

#include "absl/strings/str_cat.h"

namespace recurve {

absl::Status OpenStreams::Open(const std::string& client) {
  const MutexLock lock(mutex_);
  if (open_ >= options_.most) {
    return absl::ResourceExhaustedError(
        absl::StrCat(options_.most, " ", options_.name, " are open, the limit (", options_.flag, "); retry later"));
  }
  const auto found = of_clients_.find(client);
  const int of_client = found == of_clients_.end() ? 0 : found->second;
  if (options_.most_of_one > 0 && of_client >= options_.most_of_one) {
    options_.on_quota_refusal();
    return absl::ResourceExhaustedError(absl::StrCat(client, " has ", of_client, " ", options_.name,
                                                     " open, the limit (", options_.flag,
                                                     "-per-owner); retry once one has ended"));
  }
  ++open_;
  ++of_clients_[client];
  return absl::OkStatus();
}

void OpenStreams::Close(const std::string& client) {
  const MutexLock lock(mutex_);
  --open_;
  const auto found = of_clients_.find(client);
  if (--found->second == 0) of_clients_.erase(found);
}

}  // namespace recurve
