// SPDX-License-Identifier: Apache-2.0
#include "planner_service/process/library_versions.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace recurve {
namespace {

struct Library {
  const char* name;
  const char* built;            // the version that the program was built with, from CMake; empty: unknown
  const char* file = "";        // only of programs that load a shared library whose name begins so
  const char* tells = nullptr;  // the function of the shared library that returns its version
  bool only_headers = false;
};

constexpr Library kLibraries[] = {
    {.name = "Abseil", .built = ABSL_BUILT, .file = "libabsl_strings."},
    {.name = "gRPC", .built = GRPC_BUILT, .file = "libgrpc++."},
    {.name = "Protobuf", .built = PROTOBUF_BUILT, .file = "libprotobuf."},
    {.name = "OpenSSL", .built = OPENSSL_BUILT, .file = "libcrypto.", .tells = "OpenSSL_version"},
    {.name = "GnuTLS", .built = GNUTLS_BUILT, .file = "libgnutls."},
    {.name = "SQLite", .built = SQLITE_BUILT, .file = "libsqlite3.", .tells = "sqlite3_libversion"},
    {.name = "libmicrohttpd", .built = MICROHTTPD_BUILT, .file = "libmicrohttpd.", .tells = "MHD_get_version"},
    {.name = "prometheus-cpp", .built = PROMETHEUS_BUILT, .file = "libprometheus-cpp-core."},
    {.name = "spdlog", .built = SPDLOG_BUILT, .file = "libspdlog."},
    {.name = "cuBLAS", .built = CUDA_BUILT, .file = "libcublas."},
    {.name = "zlib", .built = "", .file = "libz.", .tells = "zlibVersion"},
    {.name = "glibc", .built = "", .file = "libc.", .tells = "gnu_get_libc_version"},
    {.name = "CLI11", .built = CLI11_BUILT, .only_headers = true},
    {.name = "JSON for Modern C++", .built = JSON_BUILT, .only_headers = true},
    // In the programs with a server of metrics, the daemons.
    {.name = "toml++", .built = TOML_BUILT, .file = "libmicrohttpd.", .only_headers = true},
};

std::vector<std::string> LoadedFiles() {
  std::vector<std::string> files;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* result) {
        const std::string_view path = info->dlpi_name;
        static_cast<std::vector<std::string>*>(result)->emplace_back(path.substr(path.rfind('/') + 1));
        return 0;
      },
      &files);
  return files;
}

// Empty if the library does not tell.
std::string RunningVersion(const Library& library) {
  void* const function = library.tells == nullptr ? nullptr : dlsym(RTLD_DEFAULT, library.tells);
  if (function == nullptr) return "";
  if (library.name == std::string_view("OpenSSL")) {
    constexpr int kVersionAlone = 6;  // OPENSSL_VERSION_STRING
    return reinterpret_cast<const char* (*)(int)>(function)(kVersionAlone);
  }
  return reinterpret_cast<const char* (*)()>(function)();
}

std::string Line(const Library& library, const std::string& file) {
  const std::string built = library.built;
  if (library.only_headers) return absl::StrCat(library.name, " ", built, ", compiled in");
  const std::string running = RunningVersion(library);
  if (!running.empty()) {
    return absl::StrCat(library.name, " ", running,
                        built.empty() || built == running ? "" : absl::StrCat(", built with ", built));
  }
  // The file of prometheus-cpp is named after its version.
  return absl::StrCat(library.name, " ", built.empty() ? file.substr(file.find(".so.") + 4) : built);
}

}  // namespace

std::string LibraryVersions() {
  const std::vector<std::string> loaded = LoadedFiles();
  std::vector<std::string> lines;
  for (const Library& library : kLibraries) {
    const auto file = std::find_if(loaded.begin(), loaded.end(),
                                   [&](const std::string& name) { return absl::StartsWith(name, library.file); });
    if (file != loaded.end()) lines.push_back(Line(library, *file));
  }
  return absl::StrJoin(lines, "\n");
}

}  // namespace recurve
