// SPDX-License-Identifier: Apache-2.0
//
// planner_load: loads a running planner service with a mix of calls and reports their latencies.
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "benchmarks/planner/load_calls.h"
#include "nlohmann/json.hpp"

namespace recurve {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string target = "127.0.0.1:7401";
  std::string mix = "health:1,hit:1";
  int concurrency = 1;
  int connections = 1;
  double seconds = 5;
  double rate = 0;  // calls per second; 0: each caller makes the next call when the last one has ended
  bool reconnect = false;
  std::string authorities;  // path of a PEM file; empty: plaintext
  std::string token_file;   // whose first line each call carries; empty: none
  bool json = false;
};

// The results of calls of one kind.
struct Tally {
  std::vector<float> seconds;
  std::map<std::string, int64_t> codes;
  int64_t answer_bytes = 0;  // of the last successful call
  int64_t unexpected = 0;
  std::string first_unexpected;

  void Add(const CallKind& kind, const grpc::Status& status, double duration, const grpc::ByteBuffer& answer) {
    seconds.push_back(static_cast<float>(duration));
    ++codes[absl::StatusCodeToString(static_cast<absl::StatusCode>(status.error_code()))];
    if (status.ok()) answer_bytes = static_cast<int64_t>(answer.Length());
    if (std::count(kind.expected.begin(), kind.expected.end(), status.error_code()) != 0) return;
    if (unexpected++ == 0) first_unexpected = status.error_message();
  }

  void Add(const Tally& other) {
    seconds.insert(seconds.end(), other.seconds.begin(), other.seconds.end());
    for (const auto& [code, count] : other.codes) codes[code] += count;
    answer_bytes = std::max(answer_bytes, other.answer_bytes);
    if (unexpected == 0) first_unexpected = other.first_unexpected;
    unexpected += other.unexpected;
  }

  // `seconds` must be sorted and not empty.
  double Quantile(double share) const {
    return seconds[std::min(seconds.size() - 1, static_cast<size_t>(share * static_cast<double>(seconds.size())))];
  }
};

using Mix = std::vector<int>;  // weights of CallKinds()

absl::StatusOr<Mix> ParseMix(const std::string& text) {
  Mix mix(CallKinds().size());
  for (const auto part : absl::StrSplit(text, ',')) {
    const std::vector<std::string> words = absl::StrSplit(part, ':');
    const auto kind =
        std::find_if(CallKinds().begin(), CallKinds().end(), [&](const CallKind& one) { return words[0] == one.name; });
    int weight = 1;
    if (kind == CallKinds().end() || words.size() > 2 ||
        (words.size() == 2 && (!absl::SimpleAtoi(words[1], &weight) || weight < 1))) {
      return absl::InvalidArgumentError(absl::StrCat("'", part, "' is not KIND or KIND:WEIGHT; see --help for kinds"));
    }
    mix[kind - CallKinds().begin()] += weight;
  }
  return mix;
}

std::shared_ptr<grpc::Channel> Connect(const Options& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a separate connection
  std::ostringstream authorities;
  authorities << std::ifstream(options.authorities).rdbuf();
  const auto credentials = options.authorities.empty() ? grpc::InsecureChannelCredentials()
                                                       : grpc::SslCredentials({.pem_root_certs = authorities.str()});
  return grpc::CreateCustomChannel(options.target, credentials, arguments);
}

// Makes calls one after another.
class Caller {
 public:
  Caller(const std::shared_ptr<grpc::Channel>& channel, std::string authorization, uint32_t seed)
      : stub_(std::make_unique<grpc::GenericStub>(channel)), authorization_(std::move(authorization)), random_(seed) {}

  void UseNext(const std::shared_ptr<grpc::Channel>& channel) { stub_ = std::make_unique<grpc::GenericStub>(channel); }

  // The duration counts from `start`, which may be earlier than now.
  void Call(const CallKind& kind, const grpc::ByteBuffer& message, Clock::time_point start, Tally& tally) {
    grpc::ByteBuffer answer;
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    if (!authorization_.empty()) context.AddMetadata("authorization", authorization_);
    const auto rpc = stub_->PrepareUnaryCall(&context, kind.method, message, &queue_);
    rpc->StartCall();
    grpc::Status status;
    rpc->Finish(&answer, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    if (kind.give_up) {
      const auto patience = std::chrono::microseconds(random_() % 1000);
      if (queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + patience) == grpc::CompletionQueue::TIMEOUT) {
        context.TryCancel();
        queue_.Next(&tag, &ok);
      }
    } else {
      queue_.Next(&tag, &ok);
    }
    tally.Add(kind, status, std::chrono::duration<double>(Clock::now() - start).count(), answer);
  }

  std::mt19937& random() { return random_; }

 private:
  std::unique_ptr<grpc::GenericStub> stub_;
  const std::string authorization_;  // empty: none
  grpc::CompletionQueue queue_;
  std::mt19937 random_;
};

// The times at which calls are to start. Thread-safe.
class Arrivals {
 public:
  explicit Arrivals(double rate) : rate_(rate) {}

  // Waits until the next call is due. With a rate, calls are due at even intervals, whether or not earlier ones have
  // ended, so that a slow service cannot slow down its own measurement.
  Clock::time_point Next() {
    if (rate_ == 0) return Clock::now();
    const std::chrono::duration<double> after(static_cast<double>(number_++) / rate_);
    const Clock::time_point due = start_ + std::chrono::duration_cast<Clock::duration>(after);
    std::this_thread::sleep_until(due);
    return due;
  }

 private:
  const double rate_;
  const Clock::time_point start_ = Clock::now();
  std::atomic<int64_t> number_ = 0;
};

// Keeps `options.concurrency` calls in flight for the given time, or as many of them as the rate needs. Returns one
// tally per kind.
std::vector<Tally> Load(const Options& options, const Mix& mix) {
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < options.connections; ++i) channels.push_back(Connect(options));
  std::string token;
  std::ifstream(options.token_file) >> token;
  const std::string authorization = token.empty() ? "" : "Bearer " + token;
  std::vector<grpc::ByteBuffer> messages;
  for (const CallKind& kind : CallKinds()) messages.push_back(MessageOf(kind, 0));
  std::mutex mutex;
  std::vector<Tally> sum(CallKinds().size());
  // Numbers of fresh calls, which differ between runs.
  std::atomic<int64_t> number = std::chrono::system_clock::now().time_since_epoch() / std::chrono::microseconds(100);
  const Clock::time_point end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.seconds));
  Arrivals arrivals(options.rate);
  std::vector<std::thread> threads;
  for (int i = 0; i < options.concurrency; ++i) {
    threads.emplace_back([&, i] {
      Caller caller(channels[i % channels.size()], authorization, i);
      std::vector<Tally> tallies(CallKinds().size());
      std::discrete_distribution<size_t> draw(mix.begin(), mix.end());
      for (Clock::time_point start = arrivals.Next(); start < end; start = arrivals.Next()) {
        const size_t kind = draw(caller.random());
        if (options.reconnect) caller.UseNext(Connect(options));
        caller.Call(CallKinds()[kind],
                    CallKinds()[kind].fresh ? MessageOf(CallKinds()[kind], number++) : messages[kind], start,
                    tallies[kind]);
      }
      const std::lock_guard lock(mutex);
      for (size_t kind = 0; kind < tallies.size(); ++kind) sum[kind].Add(tallies[kind]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return sum;
}

nlohmann::json Row(const CallKind& kind, const Tally& tally, double seconds) {
  nlohmann::json row = {{"kind", kind.name},
                        {"calls", tally.seconds.size()},
                        {"per_second", static_cast<double>(tally.seconds.size()) / seconds},
                        {"p50_seconds", tally.Quantile(0.5)},
                        {"p99_seconds", tally.Quantile(0.99)},
                        {"max_seconds", tally.seconds.back()},
                        {"answer_bytes", tally.answer_bytes},
                        {"codes", tally.codes},
                        {"unexpected", tally.unexpected}};
  if (tally.unexpected > 0) row["first_unexpected"] = tally.first_unexpected;
  return row;
}

void PrintTable(const nlohmann::json& rows) {
  std::printf("%-10s %9s %10s %9s %9s %9s %12s  %s\n", "kind", "calls", "per second", "p50 us", "p99 us", "max us",
              "answer bytes", "codes");
  for (const nlohmann::json& row : rows) {
    std::printf("%-10s %9lld %10.0f %9.0f %9.0f %9.0f %12lld  %s\n", row["kind"].get<std::string>().c_str(),
                row["calls"].get<long long>(), row["per_second"].get<double>(), row["p50_seconds"].get<double>() * 1e6,
                row["p99_seconds"].get<double>() * 1e6, row["max_seconds"].get<double>() * 1e6,
                row["answer_bytes"].get<long long>(), row["codes"].dump().c_str());
    if (row.contains("first_unexpected")) {
      std::printf("  %lld unexpected, such as: %s\n", row["unexpected"].get<long long>(),
                  row["first_unexpected"].get<std::string>().c_str());
    }
  }
}

int Run(const Options& options, const Mix& mix) {
  std::vector<Tally> tallies = Load(options, mix);
  nlohmann::json rows = nlohmann::json::array();
  int64_t unexpected = 0;
  for (size_t kind = 0; kind < tallies.size(); ++kind) {
    Tally& tally = tallies[kind];
    if (tally.seconds.empty()) continue;
    std::sort(tally.seconds.begin(), tally.seconds.end());
    rows.push_back(Row(CallKinds()[kind], tally, options.seconds));
    unexpected += tally.unexpected;
  }
  if (options.json) {
    const nlohmann::json report = {
        {"seconds", options.seconds}, {"concurrency", options.concurrency}, {"rows", std::move(rows)}};
    std::printf("%s\n", report.dump().c_str());
  } else {
    PrintTable(rows);
  }
  return unexpected == 0 ? 0 : 1;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Loads a planner service with a mix of calls. Exits with 1 on unexpected results.");
  std::string footer = "Kinds of calls:\n";
  for (const CallKind& kind : CallKinds()) absl::StrAppend(&footer, "  ", kind.name, ": ", kind.help, "\n");
  app.footer(footer);
  app.add_option("--target", options.target, "The service")->type_name("HOST:PORT")->capture_default_str();
  app.add_option("--mix", options.mix, "Kinds of calls and their weights")
      ->type_name("KIND:WEIGHT,...")
      ->capture_default_str();
  app.add_option("--concurrency", options.concurrency, "Concurrent calls")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--connections", options.connections, "Connections shared by the calls")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--seconds", options.seconds, "Duration in seconds")
      ->check(CLI::Range(0.001, 1e6))
      ->capture_default_str();
  app.add_option("--rate", options.rate,
                 "Calls per second in all, at even intervals, whose latency counts from when they are due, as long as "
                 "--concurrency suffices; 0: as many as possible")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_flag("--reconnect", options.reconnect, "Make each call over a new connection");
  app.add_option("--ca-file", options.authorities, "PEM file of the CA of a service with TLS")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  app.add_option("--token-file", options.token_file, "File whose first line is the token of each call")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  app.add_flag("--json", options.json, "Print one JSON object");
  CLI11_PARSE(app, argc, argv);
  const absl::StatusOr<Mix> mix = ParseMix(options.mix);
  if (!mix.ok()) {
    std::cerr << "planner_load: --mix: " << mix.status().message() << "\n";
    return 2;
  }
  return Run(options, *mix);
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) { return recurve::Main(argc, argv); }
