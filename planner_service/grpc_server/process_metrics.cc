// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

#include "planner_service/grpc_server/gauge_family.h"
#include "planner_service/process/granted.h"

namespace recurve {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

struct Stat {
  double threads = 0;
  double start_ticks = 0;  // since the system started
  double virtual_bytes = 0;
};

// The fields of /proc/self/stat are separated by spaces. The second one, the program's name, may contain spaces and
// parentheses, so counting begins after its last parenthesis, with the third field.
Stat ReadStat() {
  std::ifstream file("/proc/self/stat");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const size_t name_end = text.rfind(')');
  Stat stat;
  if (name_end == std::string::npos) return stat;
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  for (int number = 3; number <= 23 && fields >> field; ++number) {
    if (number == 20) stat.threads = std::stod(field);
    if (number == 22) stat.start_ticks = std::stod(field);
    if (number == 23) stat.virtual_bytes = std::stod(field);
  }
  return stat;
}

// When the system started, in seconds since 1970.
double BootTime() {
  std::ifstream file("/proc/stat");
  for (std::string name; file >> name; file.ignore(std::numeric_limits<std::streamsize>::max(), '\n')) {
    double seconds = 0;
    if (name == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

double ProcessorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double OpenDescriptors() {
  std::error_code error;
  int64_t count = -1;  // reading the directory opens one itself
  for (std::filesystem::directory_iterator each("/proc/self/fd", error); !error && each != end(each);
       each.increment(error)) {
    ++count;
  }
  return static_cast<double>(count);
}

double MostDescriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

std::vector<MetricFamily> CollectProcessMetrics() {
  const Stat stat = ReadStat();
  // Once, because the kernel computes the system's start from the clock, which may be adjusted, and a start time that
  // changes means a restart.
  static const double start = BootTime() + stat.start_ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  MetricFamily processor{.name = "process_cpu_seconds_total",
                         .help = "Processor time of all threads, user and system, in seconds.",
                         .type = MetricType::Counter};
  processor.metric.emplace_back().counter.value = ProcessorSeconds();
  return {std::move(processor),
          GaugeFamily("process_resident_memory_bytes", "Physical memory of the process.",
                      static_cast<double>(ResidentBytes())),
          GaugeFamily("process_virtual_memory_bytes", "Address space of the process.", stat.virtual_bytes),
          GaugeFamily("process_start_time_seconds", "When the process started, in seconds since 1970.", start),
          GaugeFamily("process_threads", "Threads of the process.", stat.threads),
          GaugeFamily("process_open_fds", "Open file descriptors.", OpenDescriptors()),
          GaugeFamily("process_max_fds", "Maximum number of open file descriptors.", MostDescriptors())};
}

}  // namespace recurve
