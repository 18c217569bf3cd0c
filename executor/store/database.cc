// SPDX-License-Identifier: Apache-2.0
#include "executor/store/database.h"

#include <sqlite3.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// Why the system refused to open or change a file, for the two reasons that people can remove.
absl::StatusCode CodeOfSystemError(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
      return absl::StatusCode::kResourceExhausted;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

// RESOURCE_EXHAUSTED: the disk is full; PERMISSION_DENIED: read-only; DATA_LOSS: damaged; UNAVAILABLE: the disk failed
// or another process has locked the file.
absl::Status Error(sqlite3* database) {
  const std::string message = absl::StrCat("the job database: ", sqlite3_errmsg(database));
  switch (sqlite3_errcode(database)) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return absl::ResourceExhaustedError(message);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::PermissionDeniedError(message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(message);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return {CodeOfSystemError(sqlite3_system_errno(database)), message};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(message);
    default:  // such as a missing column: the statements are always the same, so the schema or a value has changed
      return absl::DataLossError(message);
  }
}

}  // namespace

void Statement::Finalizer::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

// A failed bind leaves the parameter null, which the schema refuses.
Statement& Statement::Bind(int index, int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
  return *this;
}

Statement& Statement::Bind(int index, std::string_view text) {
  sqlite3_bind_text(statement_.get(), index, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  return *this;
}

Statement& Statement::BindBlob(int index, std::string_view bytes) {
  sqlite3_bind_blob64(statement_.get(), index, bytes.data(), bytes.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::BindNull(int index) {
  sqlite3_bind_null(statement_.get(), index);
  return *this;
}

absl::Status Statement::Run(absl::FunctionRef<absl::Status(const Statement& row)> row) {
  absl::Status status;
  int code = SQLITE_OK;
  while (status.ok() && (code = sqlite3_step(statement_.get())) == SQLITE_ROW) status = row(*this);
  if (status.ok() && code != SQLITE_DONE) status = Error(sqlite3_db_handle(statement_.get()));
  sqlite3_reset(statement_.get());
  return status;
}

absl::Status Statement::Run() {
  return Run([](const Statement&) { return absl::OkStatus(); });
}

int64_t Statement::Integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string Statement::Bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), static_cast<size_t>(size));
}

void Database::Closer::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

absl::StatusOr<Database> Database::Open(const std::string& path, const std::string& vfs) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.empty() ? ":memory:" : path.c_str(), &raw,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                                   vfs.empty() ? nullptr : vfs.c_str());
  Database database(raw);
  if (raw == nullptr) return absl::ResourceExhaustedError("the job database: out of memory");
  if (code != SQLITE_OK) return Error(raw);
  sqlite3_extended_result_codes(raw, 0);
  return database;
}

absl::StatusOr<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  Statement statement(raw);
  if (code != SQLITE_OK) return Error(database_.get());
  return statement;
}

absl::Status Database::Execute(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return absl::OkStatus();
  return Error(database_.get());
}

absl::StatusOr<int64_t> Database::IntegerOf(std::string_view sql) {
  ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  int64_t value = 0;
  RETURN_IF_ERROR(statement.Run([&](const Statement& row) {
    value = row.Integer(0);
    return absl::OkStatus();
  }));
  return value;
}

absl::StatusOr<std::string> Database::TextOf(std::string_view sql) {
  ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  std::string text;
  RETURN_IF_ERROR(statement.Run([&](const Statement& row) {
    text = row.Bytes(0);
    return absl::OkStatus();
  }));
  return text;
}

absl::Status Database::Transact(absl::FunctionRef<absl::Status()> work) {
  RETURN_IF_ERROR(Execute("BEGIN IMMEDIATE"));
  absl::Status status = work();
  if (status.ok()) status = Execute("COMMIT");
  // Some errors have ended the transaction already.
  if (!status.ok() && sqlite3_get_autocommit(database_.get()) == 0) Execute("ROLLBACK").IgnoreError();
  return status;
}

}  // namespace recurve
