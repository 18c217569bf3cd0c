// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/daemon.h"

#include <spdlog/spdlog.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <system_error>
#include <thread>

#include "absl/strings/str_cat.h"
#include "planner_service/grpc_server/address.h"
#include "planner_service/grpc_server/daemon_log.h"
#include "planner_service/grpc_server/exposure.h"
#include "planner_service/grpc_server/help_formatter.h"
#include "planner_service/grpc_server/metrics_tls.h"
#include "planner_service/grpc_server/service_reports.h"
#include "planner_service/grpc_server/settings.h"
#include "planner_service/process/core_dumps.h"
#include "planner_service/process/failures.h"
#include "planner_service/process/library_versions.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

constexpr int kExitWrongUsage = 2;
constexpr int64_t kMostRequests = 1'000'000'000;  // per second
constexpr std::chrono::seconds kMostEndTime{3};   // from the end of the drain to that of the process

// Checks that `text` is an address.
absl::StatusOr<std::string> CheckedAddress(const std::string& text) {
  RETURN_IF_ERROR(ParseAddress(text).status());
  return text;
}

absl::StatusOr<std::string> CheckedAddressOrNone(const std::string& text) {
  return text.empty() ? text : CheckedAddress(text);
}

// Checks that a Unix socket can be made there.
absl::Status CheckPlace(const std::string& listen) {
  ASSIGN_OR_RETURN(const Address address, ParseAddress(listen));
  if (address.path.empty()) return absl::OkStatus();
  const fs::path path = fs::absolute(address.path);
  std::error_code ignored;
  if (!fs::is_directory(path.parent_path(), ignored)) {
    return absl::InvalidArgumentError(absl::StrCat(path.parent_path().string(), " is not a directory"));
  }
  if (!fs::exists(path, ignored) || fs::is_socket(path, ignored)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(path.string(), " exists and is not a socket"));
}

absl::Status CheckAccess(const ServerOptions& options) { return OpenAccess(options).status(); }

absl::Status CheckDiffer(const ServerOptions& options) {
  ASSIGN_OR_RETURN(const Address grpc, ParseAddress(options.listen));
  ASSIGN_OR_RETURN(const Address metrics, ParseAddress(options.metrics_listen));
  const bool any_port = grpc.path.empty() && grpc.port == 0;
  if (any_port || ToString(grpc) != ToString(metrics)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--metrics-listen is ", options.metrics_listen, "; must differ from --listen"));
}

absl::Status CheckTls(const ServerOptions& options) {
  ASSIGN_OR_RETURN(const TlsCredentials credentials, ReadTlsFiles(options.tls, TlsRole::kServer));
  const bool metrics_use_it =
      !credentials.certificate.empty() && !options.metrics_listen.empty() && !options.metrics_public;
  return metrics_use_it ? LoadGnuTls(credentials).status() : absl::OkStatus();
}

// Prints the problem and returns the exit status.
int RefuseUsage(const CLI::App& app, const std::string& problem) {
  std::cerr << app.get_name() << ": " << Printable(problem) << " (see " << app.get_name() << " --help)\n";
  return kExitWrongUsage;
}

int RunChecks(const CLI::App& app, const Settings& settings, const std::vector<SettingCheck>& checks) {
  int exit_status = 0;
  for (const SettingCheck& check : checks) {
    if (const absl::Status status = check.run(); !status.ok()) {
      const std::string problem = settings.Attribute(check.flag, std::string(status.message()));
      std::cerr << app.get_name() << ": " << Printable(problem) << "\n";
      exit_status = kExitWrongUsage;
    }
  }
  if (exit_status == 0 && !settings.print()) std::cout << app.get_name() << ": the configuration is ok\n";
  return exit_status;
}

int PrintSettings(const CLI::App& app, const Settings& settings) {
  const absl::StatusOr<std::string> text = settings.ToFile();
  if (!text.ok()) return RefuseUsage(app, std::string(text.status().message()));
  std::cout << *text << std::flush;
  return 0;
}

void AddTlsFlags(CLI::App& app, TlsFiles& files) {
  app.add_option("--tls-cert-file", files.certificate,
                 "PEM file of the certificate with which both ports speak TLS, followed by those of its issuers; "
                 "loaded again when it changes, as the other two files are. Unset: no TLS")
      ->type_name("FILE");
  app.add_option("--tls-key-file", files.key, "PEM file of the certificate's private key")->type_name("FILE");
  app.add_option("--client-ca-file", files.authorities,
                 "PEM file of the CAs of clients: each client must present a certificate that one of them signed "
                 "(mTLS). Unset: any client")
      ->type_name("FILE");
}

absl::StatusOr<Role> ParseClientRole(std::string_view name) {
  if (name == NameOf(Role::kNone)) return Role::kNone;
  if (absl::StatusOr<Role> role = ParseRole(name); role.ok()) return role;
  return absl::InvalidArgumentError("role must be read, submit, admin or none");
}

void AddAccessFlags(CLI::App& app, ServerOptions& options) {
  app.add_option(
         "--token-file", options.access.token_file,
         "File of the callers, a line CREDENTIAL OWNER ROLE each: CREDENTIAL is a token, sha256: and the SHA-256 "
         "of a token, or cn: and the name in a client's certificate; ROLE is read, submit or admin. Loaded again "
         "when it changes. Unset: callers need no token")
      ->type_name("FILE");
  AddParsed(app, "--client-role", options.access.client_role, "", "read|submit|admin|none",
            "Role of clients whose certificate --token-file does not name; none refuses them. Unset: none with "
            "--token-file, submit without",
            ParseClientRole);
  app.add_option("--max-requests-per-second", options.access.max_requests_per_second,
                 "Maximum requests per second of each client, which is an owner, or a host where callers need no "
                 "identity; more are rejected with RESOURCE_EXHAUSTED; 0: no limit")
      ->type_name("N")
      ->check(CLI::Range(int64_t{0}, kMostRequests))
      ->capture_default_str();
  app.add_option("--allow-plaintext", options.allow_plaintext,
                 "Serve addresses beyond this machine without TLS or without identity of clients")
      ->type_name("true|false")
      ->default_str("false");
}

void SetFormatByName(const std::string& name) {
  if (name != "text" && name != "json") {
    throw CLI::ValidationError("--log-format", "format is '" + name + "'; must be text or json");
  }
  SetLogFormat(name == "json" ? LogFormat::kJson : LogFormat::kText);
}

void SetLevelByName(const std::string& name) {
  if (name != "debug" && name != "info" && name != "warning" && name != "error") {
    throw CLI::ValidationError("--log-level", "level is '" + name + "'; must be debug, info, warning or error");
  }
  spdlog::set_level(spdlog::level::from_str(name));
}

void AddLogFlags(CLI::App& app) {
  app.add_option_function<std::string>("--log-format", SetFormatByName,
                                       "Lines of the log on standard error: text, or one JSON object each")
      ->type_name("text|json")
      ->default_str("text");
  app.add_option_function<std::string>("--log-level", SetLevelByName,
                                       "Least level of entries in the log; debug has every call")
      ->type_name("debug|info|warning|error")
      ->default_str("info");
}

// Ends the process after `limit` if it has not ended by itself. gRPC's threads may be busy for minutes with what
// clients have sent.
void EndWithin(std::chrono::milliseconds limit, int exit_status) {
  absl::StatusOr<std::thread> thread = StartThread("the end of the process", [limit, exit_status] {
    std::this_thread::sleep_for(limit);
    spdlog::warn("calls in progress have not ended although they were cancelled; ending now");
    spdlog::shutdown();
    std::_Exit(exit_status);
  });
  if (thread.ok()) thread->detach();
}

}  // namespace

int RunDaemon(const std::string& name, const std::function<absl::StatusOr<int>()>& body) {
  const std::string program = "recurve-" + name;
  const absl::StatusOr<int> exit_status = CatchFailures("the " + name, [&] {
    AllowCoreDumps(false);
    QuietGrpcLog();
    TakeSignals();
    StartDaemonLog(program);
    return body();
  });
  if (exit_status.ok()) return *exit_status;
  std::cerr << program << ": " << Printable(std::string(exit_status.status().message())) << "\n";
  return 1;
}

void AddDuration(CLI::App& app, const std::string& name, std::chrono::milliseconds& value, const std::string& help,
                 absl::StatusOr<std::chrono::milliseconds> (*parse)(std::string_view)) {
  AddParsed(app, name, value, FormatDuration(value), "DURATION", help, parse);
}

void AddServerFlags(CLI::App& app, const std::string& version, ServerOptions& options) {
  options.program = absl::StrCat(app.get_name(), "/", version);
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag(
      "--version", [&app, version] { return absl::StrCat(app.get_name(), " ", version, "\n", LibraryVersions()); },
      "Print the version and those of the libraries, and exit");
  AddParsed(app, "--listen", options.listen, options.listen, "ADDRESS",
            "gRPC address, HOST:PORT or unix:PATH; port 0 selects any free port", CheckedAddress);
  AddParsed(app, "--metrics-listen", options.metrics_listen, options.metrics_listen, "ADDRESS",
            "Address of the Prometheus endpoint; port 0 selects any free port, \"\" disables the endpoint",
            CheckedAddressOrNone);
  app.add_option("--metrics-public", options.metrics_public,
                 "Serve the metrics in plaintext to everybody, however the gRPC port is protected")
      ->type_name("true|false")
      ->default_str("false");
  AddTlsFlags(app, options.tls);
  AddAccessFlags(app, options);
  AddDuration(app, "--drain-time", options.drain_time,
              "Time for calls in progress to finish after SIGTERM before they are cancelled");
  AddLogFlags(app);
  app.add_option_function<bool>("--core-dumps", AllowCoreDumps,
                                "Whether a crash may leave a core dump, and other processes of this user may debug the "
                                "daemon. The core dump has keys, tokens and parts of models in it")
      ->type_name("true|false")
      ->default_str("false");
}

std::vector<SettingCheck> ServerChecks(const ServerOptions& options) {
  return {{"--listen",
           [&options] {
             RETURN_IF_ERROR(CheckPlace(options.listen));
             return CheckGrpcExposure(options);
           }},
          {"--metrics-listen",
           [&options] {
             if (options.metrics_listen.empty()) return absl::OkStatus();
             RETURN_IF_ERROR(CheckPlace(options.metrics_listen));
             RETURN_IF_ERROR(CheckDiffer(options));
             return CheckMetricsExposure(options);
           }},
          {"--tls-cert-file", [&options] { return CheckTls(options); }},
          {"--token-file", [&options] { return CheckAccess(options); }}};
}

bool ParseCommandLine(CLI::App& app, int argc, char** argv, const std::vector<SettingCheck>& checks, int& exit_status) {
  Settings settings(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {  // --help, --version
    exit_status = app.exit(wanted);
    return false;
  } catch (const CLI::ParseError& error) {
    exit_status = RefuseUsage(app, error.what());
    return false;
  }
  const absl::Status complete = [&] {
    const SignalsEndProcess ending;  // a pipe may have no writer
    return settings.Complete();
  }();
  if (!complete.ok()) {
    exit_status = RefuseUsage(app, std::string(complete.message()));
    return false;
  }
  if (settings.check()) exit_status = RunChecks(app, settings, checks);
  if (settings.print() && exit_status == 0) exit_status = PrintSettings(app, settings);
  return !settings.check() && !settings.print();
}

void LogServing(const std::string& program, const Server& server, const std::string& more) {
  spdlog::info("{} serves gRPC on {}, metrics {}; {}, {}", program, server.address(), server.metrics_address(), more,
               server.security());
}

int ServeUntilSignal(const Server& server, const std::string& what_follows, std::chrono::milliseconds drain_limit,
                     const std::function<void()>& drain) {
  ServiceReports reports(server);
  const absl::StatusOr<int> signal = WaitForTermination(server, reports.interval(), [&] { reports.Report(); });
  reports.Stopping(what_follows, drain_limit);
  spdlog::info("{}: {}", signal.ok() ? absl::StrCat("signal ", *signal) : std::string(signal.status().message()),
               what_follows);
  const int exit_status = signal.ok() ? 0 : 1;
  EndWithin(drain_limit + kMostEndTime, exit_status);
  drain();
  return exit_status;
}

}  // namespace recurve
