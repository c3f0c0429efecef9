#include "power_cut_vfs.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <random>
#include <utility>
#include <vector>

namespace tracia::crash::power {
namespace {

using Inode = std::pair<dev_t, ino_t>;

// A write that was not synced: what was there, and what came.
struct Write {
  off_t offset = 0, size_before = 0;
  std::string before, after;
  bool truncation = false;
};
// Known by inode: a file may be renamed before it is synced.
struct File {
  int fd = -1;
  std::vector<Write> unsynced;
};

struct World {
  std::mutex mutex;
  std::map<Inode, File> files;
  bool cut = false, full = false;
  int64_t left = -1;  // operations until the cut; negative: none is planned
  uint64_t operations = 0;
  double kept = 0;
  std::mt19937 random;
  sqlite3_vfs* base = nullptr;
};
World& world() {
  static World instance;
  return instance;
}

Inode inode_of(int fd) {
  struct stat info{};
  return fstat(fd, &info) == 0 ? Inode{info.st_dev, info.st_ino} : Inode{};
}
off_t size_of(int fd) {
  struct stat info{};
  return fstat(fd, &info) == 0 ? info.st_size : 0;
}
std::string read_at(int fd, off_t offset, size_t count) {
  std::string bytes(count, '\0');
  const ssize_t got = pread(fd, bytes.data(), count, offset);
  bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return bytes;
}
void write_at(int fd, off_t offset, const std::string& bytes) {
  if (pwrite(fd, bytes.data(), bytes.size(), offset) != static_cast<ssize_t>(bytes.size())) std::abort();
}

// Back to what was synced, then some of the rest again: a disk may write in any order.
void lose(World& w, File& file) {
  for (auto it = file.unsynced.rbegin(); it != file.unsynced.rend(); ++it) {
    write_at(file.fd, it->offset, it->before);
    if (ftruncate(file.fd, it->size_before) != 0) std::abort();
  }
  std::uniform_real_distribution<double> chance(0, 1);
  for (const Write& write : file.unsynced) {
    if (!write.truncation && chance(w.random) < w.kept) write_at(file.fd, write.offset, write.after);
  }
  file.unsynced.clear();
}

// One operation further. False: the power is gone.
bool tick(World& w) {
  ++w.operations;
  if (!w.cut && w.left >= 0 && --w.left < 0) {
    w.cut = true;
    for (auto& [inode, file] : w.files) lose(w, file);
  }
  return !w.cut;
}

// What SQLite sees: ours, followed by the file of the system's VFS.
struct Handle {
  sqlite3_file base;
  Inode inode;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
Handle* handle(sqlite3_file* file) { return reinterpret_cast<Handle*>(file); }
sqlite3_file* real(sqlite3_file* file) { return handle(file)->real(); }

int close_file(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
int read_file(sqlite3_file* file, void* to, int count, sqlite3_int64 offset) {
  if (is_cut()) return SQLITE_IOERR_READ;
  return real(file)->pMethods->xRead(real(file), to, count, offset);
}
int write_file(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
  World& w = world();
  const std::lock_guard lock(w.mutex);
  if (!tick(w)) return SQLITE_IOERR_WRITE;
  if (w.full) return SQLITE_FULL;
  const auto tracked = w.files.find(handle(file)->inode);
  if (tracked != w.files.end()) {
    File& f = tracked->second;
    f.unsynced.push_back({.offset = offset,
                          .size_before = size_of(f.fd),
                          .before = read_at(f.fd, offset, static_cast<size_t>(count)),
                          .after = std::string(static_cast<const char*>(from), static_cast<size_t>(count))});
  }
  return real(file)->pMethods->xWrite(real(file), from, count, offset);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  World& w = world();
  const std::lock_guard lock(w.mutex);
  if (!tick(w)) return SQLITE_IOERR_TRUNCATE;
  const auto tracked = w.files.find(handle(file)->inode);
  if (tracked != w.files.end()) {
    File& f = tracked->second;
    const off_t now = size_of(f.fd);
    const auto tail = now > size ? static_cast<size_t>(now - size) : 0;
    f.unsynced.push_back({.offset = size, .size_before = now, .before = read_at(f.fd, size, tail), .truncation = true});
  }
  return real(file)->pMethods->xTruncate(real(file), size);
}
int sync_file(sqlite3_file* file, int) {
  World& w = world();
  const std::lock_guard lock(w.mutex);
  if (!tick(w)) return SQLITE_IOERR_FSYNC;
  const auto tracked = w.files.find(handle(file)->inode);
  if (tracked != w.files.end()) tracked->second.unsynced.clear();
  return SQLITE_OK;  // nothing of this has to outlive the machine
}
int file_size(sqlite3_file* file, sqlite3_int64* size) { return real(file)->pMethods->xFileSize(real(file), size); }
int lock_file(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int unlock_file(sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
int check_lock(sqlite3_file* file, int* out) { return real(file)->pMethods->xCheckReservedLock(real(file), out); }
int control_file(sqlite3_file* file, int what, void* arg) {
  return real(file)->pMethods->xFileControl(real(file), what, arg);
}
int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int characteristics(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int shm_unmap(sqlite3_file* file, int remove) { return real(file)->pMethods->xShmUnmap(real(file), remove); }

const sqlite3_io_methods kMethods = {
    2,         close_file,  read_file,  write_file,   truncate_file, sync_file,       file_size,
    lock_file, unlock_file, check_lock, control_file, sector_size,   characteristics, shm_map,
    shm_lock,  shm_barrier, shm_unmap,  nullptr,      nullptr};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  World& w = world();
  file->pMethods = nullptr;
  const std::lock_guard lock(w.mutex);
  if (w.cut) return SQLITE_CANTOPEN;
  Handle* ours = new (file) Handle{};
  const int code = w.base->xOpen(w.base, name, ours->real(), flags, out_flags);
  if (code != SQLITE_OK) return code;
  ours->base.pMethods = &kMethods;
  if (name == nullptr) return code;
  struct stat info{};
  if (stat(name, &info) != 0) return code;
  ours->inode = {info.st_dev, info.st_ino};
  if (w.files.count(ours->inode) > 0) return code;
  // Kept open until revive(): closing it would drop the process's locks on the file, and its inode could be used again.
  const int fd = ::open(name, O_RDWR | O_CLOEXEC);
  if (fd >= 0) w.files.emplace(ours->inode, File{.fd = fd});
  return code;
}
int delete_file(sqlite3_vfs*, const char* name, int sync_folder) {
  World& w = world();
  const std::lock_guard lock(w.mutex);
  if (w.cut) return SQLITE_IOERR_DELETE;
  return w.base->xDelete(w.base, name, sync_folder);
}

}  // namespace

void install() {
  World& w = world();
  if (w.base != nullptr) return;
  sqlite3_initialize();
  w.base = sqlite3_vfs_find(nullptr);
  static sqlite3_vfs vfs = *w.base;
  vfs.pNext = nullptr;
  vfs.zName = kVfsName;
  vfs.szOsFile = static_cast<int>(sizeof(Handle)) + w.base->szOsFile;
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  sqlite3_vfs_register(&vfs, 0);
}
void cut_after(int64_t operations, double kept, uint32_t seed) {
  World& w = world();
  const std::lock_guard lock(w.mutex);
  w.left = operations;
  w.kept = kept;
  w.random.seed(seed);
}
bool is_cut() {
  World& w = world();
  const std::lock_guard lock(w.mutex);
  return w.cut;
}
void revive() {
  World& w = world();
  const std::lock_guard lock(w.mutex);
  for (auto& [inode, file] : w.files) ::close(file.fd);
  w.files.clear();
  w.cut = false;
  w.left = -1;
}
void set_full(bool full) {
  World& w = world();
  const std::lock_guard lock(w.mutex);
  w.full = full;
}
uint64_t operations() {
  World& w = world();
  const std::lock_guard lock(w.mutex);
  return w.operations;
}
bool synced(int fd) {
  World& w = world();
  const std::lock_guard lock(w.mutex);
  if (!tick(w)) return false;
  const auto tracked = w.files.find(inode_of(fd));
  if (tracked != w.files.end()) tracked->second.unsynced.clear();
  return true;
}

}  // namespace tracia::crash::power

// Sealed files and folders are synced by the store itself, not through SQLite.
extern "C" int fsync(int fd) {
  if (tracia::crash::power::synced(fd)) return 0;
  errno = EIO;
  return -1;
}
