// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/planner_flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "planner_service/grpc_server/daemon.h"
#include "planner_service/process/granted.h"
#include "planner_service/service/warm_up.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr char kDescription[] =
    "Answers how to backpropagate through a long chain within a memory budget, over gRPC.\n"
    "\n"
    "The services are recurve.planner.v1.PlannerService, AdvisorService, ChainService and ScheduleService;\n"
    "health and reflection are enabled, metrics are at /metrics. The service is stateless: run any number of\n"
    "replicas and balance clients over them. On SIGTERM, SIGINT or SIGHUP it drains: health changes to NOT_SERVING,\n"
    "calls in progress finish, then it exits with status 0.";

constexpr char kFooter[] =
    "Sizes take B, KiB, MiB, GiB, TiB; durations take ms, s, m, h.\n"
    "The address [::]:PORT accepts connections over IPv6 and IPv4, 0.0.0.0:PORT over IPv4.\n"
    "Without --token-file and --client-ca-file, anyone who can reach the port can use the service. So beyond this\n"
    "machine the daemon requires one of these, and TLS.\n"
    "\n"
    "Examples:\n"
    "  recurve-planner\n"
    "  recurve-planner --listen 0.0.0.0:7401 --tls-cert-file tls.crt --tls-key-file tls.key --token-file tokens\n"
    "  recurve-planner --config /etc/recurve/planner.toml --check-config\n"
    "  recurve plan --planner 127.0.0.1:7401 --length 1000 --state-bytes 1MiB --tape-bytes 4MiB --memory 256MiB";

// A deadline of 0 would reject every request without one.
absl::StatusOr<std::chrono::milliseconds> ParseDeadline(std::string_view text) {
  absl::StatusOr<std::chrono::milliseconds> deadline = ParseDuration(text);
  if (deadline.ok() && deadline->count() == 0) {
    return absl::InvalidArgumentError("duration is 0; must be at least 1ms");
  }
  return deadline;
}

constexpr int kMaxPlans = 1 << 16;
constexpr int64_t kMostMemoBytes = int64_t{256} << 20;  // by default
constexpr int64_t kMemoShare = 4;                       // default: 1 / kMemoShare of the granted memory
constexpr int kMaxStreams = 1 << 12;                    // each occupies a thread

// The memory of the process, --memory-limit, is divided as its help says.
constexpr int64_t kMostMemory = int64_t{2} << 30;     // by default
constexpr int64_t kProcessBytes = int64_t{64} << 20;  // program, threads, connections, free memory of the heap
constexpr int64_t kTransportShare = 16;               // 1 / kTransportShare, at most kMostTransport
constexpr int64_t kMostTransport = int64_t{128} << 20;
constexpr int64_t kCallShare = 4;  // 1 / kCallShare of the rest; the others are for solving
constexpr int64_t kLeastRest = int64_t{64} << 20;

int64_t TransportBytes(int64_t memory_limit) { return std::min(kMostTransport, memory_limit / kTransportShare); }

int64_t RestOf(const PlannerFlags& flags) {
  return flags.memory_limit - kProcessBytes - TransportBytes(flags.memory_limit) - flags.memo_bytes;
}

// Three quarters of what is granted, at most kMostMemory, but enough for the default memo and kLeastRest.
int64_t DefaultMemory(int64_t memo_bytes) {
  const int64_t granted = GrantedMemory().limit_bytes / 4 * 3;
  return std::max(std::min(kMostMemory, granted), (memo_bytes + kProcessBytes + kLeastRest) / 15 * 16 + 16);
}

absl::Status CheckMemory(const PlannerFlags& flags) {
  const int64_t rest = RestOf(flags);
  if (rest >= kLeastRest) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(FormatBytes(flags.memory_limit), " leaves ", FormatBytes(std::max<int64_t>(0, rest)),
                   " for requests after --memo-bytes (", FormatBytes(flags.memo_bytes), "), the transport (",
                   FormatBytes(TransportBytes(flags.memory_limit)), ") and the process (", FormatBytes(kProcessBytes),
                   "), which need at least ", FormatBytes(kLeastRest), "; raise it, or lower --memo-bytes"));
}

void DivideMemory(PlannerFlags& flags) {
  flags.server.max_transport_bytes = TransportBytes(flags.memory_limit);
  flags.call_bytes = RestOf(flags) / kCallShare;
  flags.admission.max_bytes = RestOf(flags) - flags.call_bytes;
}

void AddFlags(CLI::App& app, PlannerFlags& flags) {
  const int processors = GrantedProcessors();
  flags.server.listen = "127.0.0.1:7401";
  flags.server.metrics_listen = "127.0.0.1:9401";
  flags.server.access.max_requests_per_second = 50'000;
  flags.admission = {.max_solves = processors, .max_waiting = 256};

  AddServerFlags(app, RECURVE_VERSION, flags.server);
  flags.memo_bytes = std::min(kMostMemoBytes, GrantedMemory().limit_bytes / kMemoShare);
  AddParsed(app, "--memo-bytes", flags.memo_bytes, FormatBytes(flags.memo_bytes), "SIZE",
            "Maximum memory for cached plans; the least recently used are evicted first; 0 disables the cache; "
            "default: 256MiB, or a quarter of the memory granted to the process if that is less",
            ParseBytes);
  flags.memory_limit = DefaultMemory(flags.memo_bytes);
  AddParsed(app, "--memory-limit", flags.memory_limit, FormatBytes(flags.memory_limit), "SIZE",
            "Memory of the process, which many large requests that arrive at once may exceed for a moment: 64MiB for "
            "the process itself, a sixteenth (at most 128MiB) for requests that are arriving, --memo-bytes, and of the "
            "rest a quarter for requests that wait and for answers, and three quarters for solving; what would exceed "
            "its part is rejected with RESOURCE_EXHAUSTED, or its connection is closed; default: 2GiB, or three "
            "quarters of the memory granted to the process if that is less",
            ParseBytes);
  app.add_option("--max-solves", flags.admission.max_solves,
                 "Maximum concurrent solves, of which one is kept for small requests (with 1, they get a second one); "
                 "default: one per processor granted to the process")
      ->type_name("N")
      ->check(CLI::Range(1, kMaxPlans))
      ->capture_default_str();
  app.add_option("--max-waiting", flags.admission.max_waiting,
                 "Maximum small requests waiting for a solver, and maximum large ones; more are rejected with "
                 "RESOURCE_EXHAUSTED, those of the client that has the most first")
      ->type_name("N")
      ->check(CLI::Range(0, kMaxPlans))
      ->capture_default_str();
  AddDuration(app, "--max-solve-time", flags.admission.longest_solve,
              "Maximum solve time of one request, regardless of its deadline; one that is known to take longer is "
              "rejected at once, with FAILED_PRECONDITION",
              ParseDeadline);
  app.add_option("--max-streams", flags.streams.max_streams,
                 "Maximum concurrent streams of actions; more are rejected with RESOURCE_EXHAUSTED")
      ->type_name("N")
      ->check(CLI::Range(1, kMaxStreams))
      ->capture_default_str();
  AddDuration(app, "--stream-time", flags.streams.stream_time,
              "Maximum deadline of a stream; clients resume where it ended", ParseDeadline);
  AddDuration(app, "--deadline", flags.deadline, "Deadline for requests without one", ParseDeadline);
  app.add_option(
         "--warm-up", flags.warm_up,
         "Plans to make and cache before health reports SERVING: a file of MakePlanRequests in JSON, one per line")
      ->type_name("FILE");
}

absl::Status CheckWarmUp(const std::string& path) {
  std::error_code ignored;
  if (path.empty() || std::filesystem::is_fifo(path, ignored)) return absl::OkStatus();  // a pipe can be read only once
  return ReadWarmUp(path, {}).status();
}

}  // namespace

std::optional<PlannerFlags> ParsePlannerFlags(int argc, char** argv, int& exit_status) {
  PlannerFlags flags;
  CLI::App app(kDescription, "recurve-planner");
  app.footer(kFooter);
  AddFlags(app, flags);
  std::vector<SettingCheck> checks = ServerChecks(flags.server);
  checks.push_back({"--warm-up", [&flags] { return CheckWarmUp(flags.warm_up); }});
  checks.push_back({"--memory-limit", [&flags] { return CheckMemory(flags); }});
  if (!ParseCommandLine(app, argc, argv, checks, exit_status)) return std::nullopt;
  if (const absl::Status memory = CheckMemory(flags); !memory.ok()) {
    std::cerr << "recurve-planner: --memory-limit: " << std::string(memory.message()) << "\n";
    exit_status = 2;
    return std::nullopt;
  }
  DivideMemory(flags);
  flags.server.serving = flags.warm_up.empty();
  return flags;
}

}  // namespace recurve
