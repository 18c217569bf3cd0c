// SPDX-License-Identifier: Apache-2.0
//
// A small interface to SQLite: statements and transactions whose errors are statuses.
#ifndef RECURVE_EXECUTOR_STORE_DATABASE_H_
#define RECURVE_EXECUTOR_STORE_DATABASE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

namespace recurve {

// A prepared statement. Not thread-safe; must not outlive its database.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  // Binds parameter `index`, from 1.
  Statement& Bind(int index, int64_t value);
  Statement& Bind(int index, std::string_view text);  // must live until the statement has run
  Statement& BindBlob(int index, std::string_view bytes);
  Statement& BindNull(int index);

  // Calls `row` for each row of the result and resets the statement; stops at the first error.
  absl::Status Run(absl::FunctionRef<absl::Status(const Statement& row)> row);
  absl::Status Run();

  // Of the current row.
  int64_t Integer(int column) const;
  std::string Bytes(int column) const;  // a text or a blob

 private:
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

// An open database file. Not thread-safe.
class Database {
 public:
  // Opens or creates the file; an empty path is a database in memory. `vfs` names the SQLite file layer to use; empty:
  // the default. Errors: see Error in database.cc.
  static absl::StatusOr<Database> Open(const std::string& path, const std::string& vfs = "");

  absl::StatusOr<Statement> Prepare(std::string_view sql);
  absl::Status Execute(const std::string& sql);  // statements without parameters or results
  // The integer that a statement returns, such as "PRAGMA user_version".
  absl::StatusOr<int64_t> IntegerOf(std::string_view sql);
  // The text that a statement returns.
  absl::StatusOr<std::string> TextOf(std::string_view sql);
  // Runs `work` in a transaction, which is undone if `work` or the commit fails.
  absl::Status Transact(absl::FunctionRef<absl::Status()> work);

 private:
  struct Closer {
    void operator()(sqlite3* database) const;
  };
  explicit Database(sqlite3* database) : database_(database) {}

  std::unique_ptr<sqlite3, Closer> database_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_STORE_DATABASE_H_
