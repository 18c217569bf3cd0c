// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/store/faulty_vfs.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <system_error>

#include "tests/executor/store/temporary_folder.h"

namespace recurve {

// What SQLite sees as a file. The file of the default layer follows it in memory.
struct FaultyVfs::File {
  sqlite3_file base;
  FaultyVfs* vfs;
  std::string* path;  // null: temporary

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static File* Of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
  static sqlite3_file* RealOf(sqlite3_file* file) { return Of(file)->real(); }
};

struct FaultyVfs::Methods {
  static FaultyVfs* Of(sqlite3_vfs* vfs) { return static_cast<FaultyVfs*>(vfs->pAppData); }

  static int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    FaultyVfs* faulty = Of(vfs);
    auto* opened = new (file) File{{nullptr}, faulty, nullptr};
    if (faulty->Fails(Operation::kOpen)) return SQLITE_CANTOPEN;
    if (name != nullptr) faulty->RememberOpened(name);
    const int code = faulty->base_->xOpen(faulty->base_, name, opened->real(), flags, out_flags);
    if (code != SQLITE_OK) return code;
    opened->base.pMethods = &kFileMethods;
    if (name != nullptr) opened->path = new std::string(name);
    return code;
  }
  static int Delete(sqlite3_vfs* vfs, const char* name, int sync) {
    FaultyVfs* faulty = Of(vfs);
    if (faulty->Fails(Operation::kDelete)) return SQLITE_IOERR_DELETE;
    const int code = faulty->base_->xDelete(faulty->base_, name, 0);
    if (sync != 0 && code == SQLITE_OK) faulty->RememberDeleted(name);
    return code;
  }
  static int Access(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
    return Of(vfs)->base_->xAccess(Of(vfs)->base_, name, flags, result);
  }
  static int FullPathname(sqlite3_vfs* vfs, const char* name, int size, char* path) {
    return Of(vfs)->base_->xFullPathname(Of(vfs)->base_, name, size, path);
  }
  static int Randomness(sqlite3_vfs* vfs, int size, char* bytes) {
    return Of(vfs)->base_->xRandomness(Of(vfs)->base_, size, bytes);
  }
  static int Sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
  static int CurrentTime(sqlite3_vfs* vfs, double* time) { return Of(vfs)->base_->xCurrentTime(Of(vfs)->base_, time); }
  static int GetLastError(sqlite3_vfs*, int, char*) { return errno; }

  static int Close(sqlite3_file* file) {
    delete File::Of(file)->path;
    return File::RealOf(file)->pMethods->xClose(File::RealOf(file));
  }
  static int Read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset) {
    return File::RealOf(file)->pMethods->xRead(File::RealOf(file), bytes, size, offset);
  }
  static int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    FaultyVfs* vfs = File::Of(file)->vfs;
    sqlite3_file* real = File::RealOf(file);
    if (!vfs->Fails(Operation::kWrite)) return real->pMethods->xWrite(real, bytes, size, offset);
    if (vfs->CutsWrite()) real->pMethods->xWrite(real, bytes, size / 2, offset);
    return errno == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  }
  static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
    if (File::Of(file)->vfs->Fails(Operation::kTruncate)) return SQLITE_IOERR_TRUNCATE;
    return File::RealOf(file)->pMethods->xTruncate(File::RealOf(file), size);
  }
  static int Sync(sqlite3_file* file, int) {
    const File* synced = File::Of(file);
    if (synced->vfs->Fails(Operation::kSync)) return SQLITE_IOERR_FSYNC;
    if (synced->path != nullptr) synced->vfs->RememberSynced(*synced->path);
    return SQLITE_OK;
  }
  static int FileSize(sqlite3_file* file, sqlite3_int64* size) {
    return File::RealOf(file)->pMethods->xFileSize(File::RealOf(file), size);
  }
  static int Lock(sqlite3_file* file, int level) {
    return File::RealOf(file)->pMethods->xLock(File::RealOf(file), level);
  }
  static int Unlock(sqlite3_file* file, int level) {
    return File::RealOf(file)->pMethods->xUnlock(File::RealOf(file), level);
  }
  static int CheckReservedLock(sqlite3_file* file, int* result) {
    return File::RealOf(file)->pMethods->xCheckReservedLock(File::RealOf(file), result);
  }
  static int FileControl(sqlite3_file* file, int operation, void* argument) {
    return File::RealOf(file)->pMethods->xFileControl(File::RealOf(file), operation, argument);
  }
  static int SectorSize(sqlite3_file* file) { return File::RealOf(file)->pMethods->xSectorSize(File::RealOf(file)); }
  // Nothing that a real disk might not promise.
  static int DeviceCharacteristics(sqlite3_file*) { return 0; }
  static int ShmMap(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
    if (File::Of(file)->vfs->Fails(Operation::kMap)) return SQLITE_IOERR_SHMMAP;
    return File::RealOf(file)->pMethods->xShmMap(File::RealOf(file), page, size, extend, memory);
  }
  static int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
    // Releasing a lock does not fail.
    if ((flags & SQLITE_SHM_LOCK) != 0 && File::Of(file)->vfs->Fails(Operation::kLock)) return SQLITE_IOERR_SHMLOCK;
    return File::RealOf(file)->pMethods->xShmLock(File::RealOf(file), offset, count, flags);
  }
  static void ShmBarrier(sqlite3_file* file) { File::RealOf(file)->pMethods->xShmBarrier(File::RealOf(file)); }
  static int ShmUnmap(sqlite3_file* file, int remove) {
    return File::RealOf(file)->pMethods->xShmUnmap(File::RealOf(file), remove);
  }

  static const sqlite3_io_methods kFileMethods;
};

const sqlite3_io_methods FaultyVfs::Methods::kFileMethods = {2,
                                                             Close,
                                                             Read,
                                                             Write,
                                                             Truncate,
                                                             Sync,
                                                             FileSize,
                                                             Lock,
                                                             Unlock,
                                                             CheckReservedLock,
                                                             FileControl,
                                                             SectorSize,
                                                             DeviceCharacteristics,
                                                             ShmMap,
                                                             ShmLock,
                                                             ShmBarrier,
                                                             ShmUnmap,
                                                             nullptr,
                                                             nullptr};

FaultyVfs::FaultyVfs() : base_(sqlite3_vfs_find(nullptr)) {
  vfs_.iVersion = 1;
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + base_->szOsFile;
  vfs_.mxPathname = base_->mxPathname;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = Methods::Open;
  vfs_.xDelete = Methods::Delete;
  vfs_.xAccess = Methods::Access;
  vfs_.xFullPathname = Methods::FullPathname;
  vfs_.xRandomness = Methods::Randomness;
  vfs_.xSleep = Methods::Sleep;
  vfs_.xCurrentTime = Methods::CurrentTime;
  vfs_.xGetLastError = Methods::GetLastError;
  if (sqlite3_vfs_register(&vfs_, 0) != SQLITE_OK) std::abort();
}

FaultyVfs::~FaultyVfs() { sqlite3_vfs_unregister(&vfs_); }

void FaultyVfs::Arm(int64_t first, Fault fault) {
  const MutexLock lock(mutex_);
  fault_ = fault;
  remaining_ = first - 1;
  struck_ = false;
  opened_.clear();
  synced_.clear();
}

void FaultyVfs::Repair() {
  const MutexLock lock(mutex_);
  fault_ = Fault::kNone;
}

bool FaultyVfs::struck() const {
  const MutexLock lock(mutex_);
  return struck_;
}

bool FaultyVfs::Fails(Operation operation) {
  const MutexLock lock(mutex_);
  cut_ = false;
  if (fault_ == Fault::kNone) return false;
  const bool needs_space =
      operation == Operation::kOpen || operation == Operation::kWrite || operation == Operation::kMap;
  if (fault_ == Fault::kFull && !needs_space) return false;
  if (remaining_ > 0) {
    --remaining_;
    return false;
  }
  cut_ = fault_ == Fault::kCrash && !struck_;
  struck_ = true;
  errno = fault_ == Fault::kFull ? ENOSPC : EIO;
  if (fault_ == Fault::kOnce) fault_ = Fault::kNone;
  return true;
}

bool FaultyVfs::CutsWrite() {
  const MutexLock lock(mutex_);
  return cut_;
}

void FaultyVfs::RememberOpened(const std::string& path) {
  const MutexLock lock(mutex_);
  if (opened_.insert(path).second && std::filesystem::exists(path)) synced_[path] = ReadBytes(path);
}

void FaultyVfs::RememberSynced(const std::string& path) {
  const MutexLock lock(mutex_);
  synced_[path] = ReadBytes(path);
}

void FaultyVfs::RememberDeleted(const std::string& path) {
  const MutexLock lock(mutex_);
  synced_.erase(path);
}

void FaultyVfs::DropUnsynced() {
  const MutexLock lock(mutex_);
  for (const std::string& path : opened_) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    if (const auto synced = synced_.find(path); synced != synced_.end()) WriteBytes(path, synced->second);
  }
}

}  // namespace recurve
