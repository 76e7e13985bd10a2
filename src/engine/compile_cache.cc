#include "engine/compile_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/checksum.h"
#include "base/failpoint.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sha256.h"
#include "engine/folder_lock.h"

namespace slipway::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSchema = "slipway-compiled/2";
constexpr std::string_view kEntryFile = "entry.json";
constexpr std::string_view kNotesFile = "notes.json";
constexpr std::string_view kUnfinished = "building-";
constexpr std::size_t kMaxEntryFile = std::size_t{64} << 10;
constexpr std::size_t kMaxFiles = 8;
// What a model's compiled form is larger than the model, with room to spare.
constexpr std::uint64_t kRoomFactor = 2;

struct KeptFile {
  std::string name;
  std::uint64_t size = 0;
  Checksum checksum;
};

Result<KeptFile> Describe(const fs::path& path) {
  KeptFile file{.name = path.filename().string()};
  SLIPWAY_TRY(const FileDescriptor opened, OpenRegularFile(path.string()));
  SLIPWAY_TRY(file.size, FileSize(opened.get()));
  SLIPWAY_TRY(file.checksum, ChecksumOfFile(opened.get()));
  return file;
}

Status WriteEntry(const std::string& folder, const std::string& key) {
  Json files = Json::array();
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    SLIPWAY_TRY(const KeptFile file, Describe(entry.path()));
    files.push_back({{"name", file.name}, {"size", file.size}, {"xxh3_128", file.checksum.Hex()}});
  }
  if (error || files.empty() || files.size() > kMaxFiles)
    return Internal(fmt::format("the engine wrote {} files", files.size()));
  const Json json = {{"schema", kSchema}, {"key", key}, {"files", std::move(files)}};
  return WriteFileAtomically(fmt::format("{}/{}", folder, kEntryFile), DumpJson(json));
}

Status Foreign(std::string what) { return DataLoss(std::move(what)); }

Result<KeptFile> ReadFileRow(const Json& row) {
  const bool is_row = row.is_object() && row.size() == 3 && row.contains("name") &&
                      row["name"].is_string() && row.contains("size") &&
                      row["size"].is_number_unsigned() && row.contains("xxh3_128") &&
                      row["xxh3_128"].is_string();
  if (!is_row) return Foreign("a file of it is not described");
  KeptFile file{.name = row["name"].get<std::string>(), .size = row["size"].get<std::uint64_t>()};
  if (file.name.find('/') != std::string::npos || file.name.starts_with('.'))
    return Foreign("a file of it lies elsewhere");
  SLIPWAY_TRY(file.checksum, ParseChecksum(row["xxh3_128"].get<std::string>()));
  return file;
}

Result<std::vector<KeptFile>> ReadEntry(const std::string& folder, const std::string& key) {
  SLIPWAY_TRY(const std::string text,
              ReadFile(fmt::format("{}/{}", folder, kEntryFile), kMaxEntryFile));
  SLIPWAY_TRY(const Json json, ParseJson(text));
  const bool is_ours = json.is_object() && json.value("schema", Json()) == kSchema &&
                       json.value("key", Json()) == key && json.contains("files") &&
                       json["files"].is_array() && json["files"].size() <= kMaxFiles;
  if (!is_ours) return Foreign("it is of something else");
  std::vector<KeptFile> files;
  for (const Json& row : json["files"]) {
    SLIPWAY_TRY(KeptFile file, ReadFileRow(row));
    files.push_back(std::move(file));
  }
  return files;
}

struct Kept {
  std::string entry;
  std::uint64_t bytes = 0;
  std::int64_t used_ns = 0;  // its time of last use
};

std::uint64_t BytesOf(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::uint64_t size = entry.file_size(error);
    if (!error) bytes += size;
  }
  return bytes;
}

/// A folder in which an entry is built. Its lock tells the others that somebody does: the kernel
/// lets go of it however that process ends.
struct UnfinishedEntry {
  TemporaryDirectory folder;
  FileDescriptor lock;

  const std::string& path() const { return folder.path(); }
};

Result<UnfinishedEntry> BeginEntry(const std::string& parent) {
  for (;;) {
    SLIPWAY_TRY(TemporaryDirectory folder, TemporaryDirectory::Create(kUnfinished, parent));
    FileDescriptor lock(open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const bool is_locked = lock.valid() && flock(lock.get(), LOCK_EX) == 0;
    if (!is_locked && errno != ENOENT)
      return ErrnoStatus(errno, "cannot lock a folder for a compiled model");
    // Until it was locked it looked abandoned.
    if (is_locked && access(folder.path().c_str(), F_OK) == 0)
      return UnfinishedEntry{std::move(folder), std::move(lock)};
  }
}

void RemoveIfAbandoned(const fs::path& path) {
  const Result<FileDescriptor> lock = LockFolder(path.string(), FolderLock::kRemoves);
  if (!lock.ok()) return;
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

void RemoveAbandoned(const std::string& parent) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(parent, error)) {
    if (entry.path().filename().string().starts_with(kUnfinished)) RemoveIfAbandoned(entry.path());
  }
}

std::vector<Kept> ListKept(const std::string& folder) {
  std::vector<Kept> all;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!ParseDigest(name).ok()) continue;
    Kept kept{.entry = name, .bytes = BytesOf(entry.path())};
    struct stat file;
    if (stat((entry.path() / kEntryFile).c_str(), &file) == 0)
      kept.used_ns = std::int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec;
    all.push_back(std::move(kept));
  }
  return all;
}

std::string EntryOf(const std::string& key) {
  return key.empty() ? key : Sha256Of(fmt::format("{} {}", kSchema, key)).Hex();
}

}  // namespace

CompileCache::CompileCache(CompileCacheOptions options) : options_(std::move(options)) {
  if (!options_.folder.empty()) RemoveAbandoned(options_.folder);
}

Result<CompileCache::Compiled> CompileCache::Compile(Engine& engine, const CacheableModel& model,
                                                     const CompileOptions& options) {
  const std::string key = KeyOf(engine, model, options);
  const std::string entry = EntryOf(key);
  if (!entry.empty()) {
    Result<Compiled> found = Load(engine, entry, key, options);
    if (found.ok()) {
      found_.fetch_add(1, std::memory_order_relaxed);
      return found;
    }
  }
  SLIPWAY_RETURN_IF_ERROR(model.Verify());
  if (!entry.empty()) {
    Result<Compiled> built = BuildAndLoad(engine, model, options, entry, key);
    if (built.ok()) {
      built_.fetch_add(1, std::memory_order_relaxed);
      return built;
    }
    Log(LogLevel::kDebug, "a compiled model is not kept: {}", built.status().ToString());
  }
  compiled_.fetch_add(1, std::memory_order_relaxed);
  Compiled compiled;
  SLIPWAY_TRY(compiled.executable,
              engine.Compile({.path = model.path, .files = model.files}, options));
  return compiled;
}

CompileCache::Counts CompileCache::counts() const {
  return {.found = found_.load(std::memory_order_relaxed),
          .built = built_.load(std::memory_order_relaxed),
          .compiled = compiled_.load(std::memory_order_relaxed),
          .damaged = damaged_.load(std::memory_order_relaxed),
          .removed = removed_.load(std::memory_order_relaxed)};
}

Result<CompileCache::Compiled> CompileCache::Load(Engine& engine, const std::string& entry,
                                                  const std::string& key,
                                                  const CompileOptions& options) {
  const std::string folder = PathOf(entry);
  if (access(folder.c_str(), F_OK) != 0) return NotFound("nothing is kept of this model");
  const Result<std::uint64_t> bytes = Verify(folder, key);
  SLIPWAY_FAILPOINT("compile.verified");
  Result<std::unique_ptr<Executable>> loaded =
      bytes.ok() ? engine.LoadCompiled(folder, options) : bytes.status();
  if (!loaded.ok()) {
    damaged_.fetch_add(1, std::memory_order_relaxed);
    Log(LogLevel::kWarning, "a compiled model that was kept is of no use, and built anew: {}",
        loaded.status().ToString());
    Remove(entry);
    return std::move(loaded).status();
  }
  // For whoever makes room; where nothing can be written nobody does.
  (void)utimensat(AT_FDCWD, fmt::format("{}/{}", folder, kEntryFile).c_str(), nullptr, 0);
  return Compiled{.executable = std::move(*loaded),
                  .origin = Origin::kFound,
                  .entry = entry,
                  .mapped_bytes = *bytes,
                  .notes = ReadNotes(entry)};
}

Result<CompileCache::Compiled> CompileCache::BuildAndLoad(Engine& engine,
                                                          const CacheableModel& model,
                                                          const CompileOptions& options,
                                                          const std::string& entry,
                                                          const std::string& key) {
  SLIPWAY_RETURN_IF_ERROR(Build(engine, model, options, entry, key));
  SLIPWAY_TRY(Compiled built, Load(engine, entry, key, options));
  built.origin = Origin::kBuilt;
  return built;
}

Status CompileCache::Build(Engine& engine, const CacheableModel& model,
                           const CompileOptions& options, const std::string& entry,
                           const std::string& key) {
  SLIPWAY_RETURN_IF_ERROR(MakeDirectories(options_.folder));
  SLIPWAY_RETURN_IF_ERROR(CheckRoom(model.bytes));
  RemoveAbandoned(options_.folder);
  SLIPWAY_TRY(const UnfinishedEntry unfinished, BeginEntry(options_.folder));
  SLIPWAY_FAILPOINT("compile.begun");
  SLIPWAY_RETURN_IF_ERROR(
      engine.WriteCompiled({.path = model.path, .files = model.files}, options, unfinished.path()));
  SLIPWAY_FAILPOINT("compile.written");
  SLIPWAY_RETURN_IF_ERROR(WriteEntry(unfinished.path(), key));
  SLIPWAY_FAILPOINT("compile.described");
  if (BytesOf(unfinished.path()) > options_.max_bytes)
    return ResourceExhausted("it is larger than all that may be kept");
  // Who may read the folder may read what is in it.
  struct stat folder;
  if (stat(options_.folder.c_str(), &folder) == 0)
    (void)chmod(unfinished.path().c_str(), folder.st_mode & 0777U);
  // Whoever else built it meanwhile built the same.
  if (std::rename(unfinished.path().c_str(), PathOf(entry).c_str()) != 0 && errno != EEXIST &&
      errno != ENOTEMPTY)
    return ErrnoStatus(errno, "cannot keep a compiled model");
  SLIPWAY_FAILPOINT("compile.kept");
  RemoveOldest(entry);
  return {};
}

/// The bytes of the files, all of which are what was written.
Result<std::uint64_t> CompileCache::Verify(const std::string& folder, const std::string& key) {
  SLIPWAY_TRY(const std::vector<KeptFile> files, ReadEntry(folder, key));
  std::uint64_t bytes = 0;
  for (const KeptFile& file : files) {
    SLIPWAY_TRY(const FileDescriptor opened,
                OpenRegularFile(fmt::format("{}/{}", folder, file.name)));
    SLIPWAY_TRY(const std::uint64_t size, FileSize(opened.get()));
    if (size != file.size) return Foreign(fmt::format("{} has another size", file.name));
    SLIPWAY_TRY(const Checksum checksum, verified_.SumOf(opened.get()));
    if (checksum != file.checksum) return Foreign(fmt::format("{} has another content", file.name));
    bytes += size;
  }
  return bytes;
}

Status CompileCache::CheckRoom(std::uint64_t model_bytes) const {
  struct statvfs space;
  if (statvfs(options_.folder.c_str(), &space) != 0) return {};  // writing will tell
  const std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
  if (free / kRoomFactor >= model_bytes) return {};
  return ResourceExhausted(fmt::format("{} bytes are free for a model of {}", free, model_bytes));
}

CompileCache::Notes CompileCache::NotesOf(const Engine& engine, const CacheableModel& model,
                                          const CompileOptions& options) const {
  Notes notes{.entry = EntryOf(KeyOf(engine, model, options))};
  if (!notes.entry.empty()) notes.notes = ReadNotes(notes.entry);
  return notes;
}

void CompileCache::Note(const std::string& entry, std::string_view notes) const {
  if (entry.empty() || notes.size() > kMaxNotes) return;
  // Without them a model is measured again: nobody need know.
  (void)WriteFileAtomically(fmt::format("{}/{}", PathOf(entry), kNotesFile), notes);
}

void CompileCache::RemoveOldest(const std::string& but) {
  std::vector<Kept> all = ListKept(options_.folder);
  std::ranges::sort(all, {}, &Kept::used_ns);
  std::uint64_t bytes = 0;
  for (const Kept& kept : all) bytes += kept.bytes;
  for (const Kept& kept : all) {
    if (bytes <= options_.max_bytes) return;
    const Result<FileDescriptor> unused = LockFolder(PathOf(kept.entry), FolderLock::kRemoves);
    if (kept.entry == but || !unused.ok() || !Remove(kept.entry)) continue;
    bytes -= std::min(bytes, kept.bytes);
    removed_.fetch_add(1, std::memory_order_relaxed);
  }
}

/// At once for others, who find it whole or not at all; those that loaded it keep what they mapped.
bool CompileCache::Remove(const std::string& entry) const {
  const Result<UnfinishedEntry> grave = BeginEntry(options_.folder);
  if (!grave.ok()) return false;
  return std::rename(PathOf(entry).c_str(), (grave->path() + "/gone").c_str()) == 0;
}

std::string CompileCache::PathOf(std::string_view entry) const {
  return fmt::format("{}/{}", options_.folder, entry);
}

std::string CompileCache::ReadNotes(const std::string& entry) const {
  const Result<std::string> notes =
      ReadFile(fmt::format("{}/{}", PathOf(entry), kNotesFile), kMaxNotes);
  return notes.ok() ? *notes : std::string();
}

/// "": this model is not kept.
std::string CompileCache::KeyOf(const Engine& engine, const CacheableModel& model,
                                const CompileOptions& options) const {
  const bool is_kept = !options_.folder.empty() && options_.max_bytes > 0 &&
                       !model.identity.empty() && model.bytes >= options_.least_model_bytes;
  const std::string form = is_kept ? engine.CompiledFormKey(options) : std::string();
  return form.empty() ? form : fmt::format("{} of {}", model.identity, form);
}

std::string_view OriginName(CompileCache::Origin origin) {
  switch (origin) {
    case CompileCache::Origin::kCompiled:
      return "compiled";
    case CompileCache::Origin::kBuilt:
      return "built";
    case CompileCache::Origin::kFound:
      return "found";
  }
  return "";
}

}  // namespace slipway::engine
