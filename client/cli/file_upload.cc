// SPDX-License-Identifier: Apache-2.0
#include "client/cli/file_upload.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/data/input_file.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/printable.h"
#include "planner_service/text/units.h"

namespace recurve {

TransferProgress TransferLine::progress() {
  return [this](int64_t done, int64_t all) {
    constexpr std::chrono::milliseconds kRedraw{200};
    const auto now = std::chrono::steady_clock::now();
    if (!line_.terminal() || now - shown_ < kRedraw) return;
    shown_ = now;
    line_.Show(absl::StrCat(what_, " ", FormatBytesRounded(done), " of ", FormatBytesRounded(all), ", ",
                            PercentText(static_cast<double>(done), static_cast<double>(all))));
  };
}

absl::StatusOr<UploadedFile> UploadFromPath(ExecutorClient& executor, FilePurpose purpose, const std::string& path,
                                            bool unique_name) {
  ASSIGN_OR_RETURN(const std::unique_ptr<InputFile> file, InputFile::Open(path));
  UploadedFile uploaded;
  ASSIGN_OR_RETURN(uploaded.description, DescribeFile(*file, nullptr));
  if (!IsUtf8(uploaded.description.name())) {
    return absl::InvalidArgumentError(absl::StrCat("the name of ", path, " is not UTF-8; rename the file"));
  }
  if (unique_name) {
    uploaded.description.set_name(
        absl::StrCat(uploaded.description.sha256().substr(0, 12), "-", uploaded.description.name()));
  }
  TransferLine line("uploaded");
  ASSIGN_OR_RETURN(uploaded.path, UploadFile(executor, purpose, *file, uploaded.description, line.progress()));
  return uploaded;
}

}  // namespace recurve
