// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_JSON_OBJECT_H_
#define RECURVE_CLIENT_CLI_JSON_OBJECT_H_

#include <cstdint>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/json.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

// Reads the keys of one JSON object that somebody wrote and notices what is missing, wrong or unknown. The first error
// stays and names the key. Refers to the object.
//
//   JsonObject object(json, "segments[0]");
//   object.Count("links", segment.links);
//   RETURN_IF_ERROR(object.End());
class JsonObject {
 public:
  // `what` is what the object is called in messages.
  JsonObject(const Json& json, std::string what);

  // Each leaves the value as it is when the key is missing.
  void Count(const std::string& key, int64_t& value);
  void Bytes(const std::string& key, int64_t& value);  // 4096 or "64MiB"
  void Real(const std::string& key, double& value);
  void Flag(const std::string& key, bool& value);
  void Text(const std::string& key, std::string& value);

  void Require(const std::string& key);
  const Json* Find(const std::string& key);  // nothing when it is missing
  void Fail(const std::string& key, const std::string& message);
  void Fail(const absl::Status& status);  // of an object inside; nothing when it is OK

  // After everything was read: the first error, or a key that nobody asked for.
  absl::Status End();

 private:
  const Json& json_;
  const std::string what_;
  std::set<std::string> known_;
  absl::Status status_;
};

// The JSON in a file of at most 4 MiB, or on standard input for "-". INVALID_ARGUMENT or NOT_FOUND names the file.
absl::StatusOr<Json> ReadJsonFile(const std::string& path);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_JSON_OBJECT_H_
