// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_DATA_TEXT_FILE_H_
#define RECURVE_TESTS_EXECUTOR_DATA_TEXT_FILE_H_

#include <memory>
#include <string>
#include <string_view>

#include "executor/task/language_model/text_corpus.h"
#include "tests/executor/data/scratch_directory.h"

namespace recurve {

// A text in a file of its own.
class TextFile {
 public:
  explicit TextFile(std::string_view bytes) : path_(scratch_.Write("text", bytes)) {}

  const std::string& path() const { return path_; }
  Text text() const { return Text(*file_); }
  const InputFile& file() const { return *file_; }
  void Truncate(int64_t bytes) const { std::filesystem::resize_file(path_, static_cast<uintmax_t>(bytes)); }

 private:
  const ScratchDirectory scratch_;
  const std::string path_;
  const std::unique_ptr<InputFile> file_ = InputFile::Open(path_).value();
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_DATA_TEXT_FILE_H_
