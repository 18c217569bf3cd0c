// SPDX-License-Identifier: Apache-2.0
#include "planner_service/process/failures.h"

#include <atomic>
#include <cerrno>
#include <exception>
#include <new>
#include <stdexcept>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace recurve {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

absl::Status OutOfMemory(std::string_view doing) {
  return absl::ResourceExhaustedError(
      absl::StrCat(View(doing),
                   " ran out of memory: lower its memory limit, or raise that of the process (ulimit -v, its control "
                   "group)"));
}

bool IsExhaustion(const std::error_code& code) {
  for (const int error : {EAGAIN, ENOMEM, EMFILE, ENFILE, ENOSPC}) {
    if (code == std::error_code(error, std::generic_category()) ||
        code == std::error_code(error, std::system_category())) {
      return true;
    }
  }
  return false;
}

}  // namespace

absl::Status StatusOfException(std::string_view doing) {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return OutOfMemory(doing);
  } catch (const std::length_error&) {  // a container with more elements than the address space holds
    return OutOfMemory(doing);
  } catch (const std::system_error& error) {
    const std::string what = absl::StrCat(View(doing), " failed: ", error.what());
    return IsExhaustion(error.code()) ? absl::ResourceExhaustedError(what) : absl::InternalError(what);
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat(View(doing), " failed: ", error.what()));
  } catch (...) {
    return absl::InternalError(absl::StrCat(View(doing), " failed with an unknown exception"));
  }
}

absl::Status NoThread(std::string_view purpose, const std::system_error& error) {
  return absl::ResourceExhaustedError(
      absl::StrCat("no thread could be started for ", View(purpose), ": ", error.code().message(),
                   "; allow more threads (ulimit -u, pids.max of the control group) or more memory (ulimit -v), or use "
                   "fewer threads"));
}

absl::Status CheckThreads(std::string_view purpose, int count) {
  std::atomic<bool> checked = false;
  std::vector<std::thread> threads;
  threads.reserve(count);
  absl::Status status;
  for (int i = 0; i < count && status.ok(); ++i) {
    absl::StatusOr<std::thread> thread = StartThread(purpose, [&checked] { checked.wait(false); });
    status = thread.status();
    if (thread.ok()) threads.push_back(*std::move(thread));
  }
  checked = true;
  checked.notify_all();
  for (std::thread& thread : threads) thread.join();
  return status;
}

}  // namespace recurve
