#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "cli/context.h"
#include "serve/control/folder_source.h"

namespace slipway::cli {

/// A child of this process that imports files for it, each in a child of its own: it was forked
/// while there was one thread, so that a server with many can go on importing. It ends with this
/// object, and with this process. One call at a time.
class ImportProcess {
 public:
  /// Call it before this process has threads. `context` is used in the child.
  static Result<std::unique_ptr<ImportProcess>> Start(Context& context);
  ~ImportProcess();
  ImportProcess(const ImportProcess&) = delete;
  ImportProcess& operator=(const ImportProcess&) = delete;

  /// What ImportApart() says; Internal (kImporterDied): the child is gone.
  Result<serve::FileImporter::Imported> Import(const std::string& path,
                                               const std::string& work_folder) const;

 private:
  ImportProcess(FileDescriptor socket, pid_t child) : socket_(std::move(socket)), child_(child) {}

  FileDescriptor socket_;
  const pid_t child_;
};

/// Some of them: so many files are imported at a time.
class ImportProcesses final : public serve::FileImporter {
 public:
  /// Call it before this process has threads. `context` is used in the children.
  static Result<std::unique_ptr<ImportProcesses>> Start(Context& context, unsigned count);

  Result<Imported> Import(const std::string& path, const std::string& work_folder) override;

 private:
  using Process = std::unique_ptr<const ImportProcess>;
  explicit ImportProcesses(std::vector<Process> processes) : free_(std::move(processes)) {}

  Process Take();
  void GiveBack(Process process);

  std::mutex mutex_;  // guards what follows
  std::vector<Process> free_;
  std::condition_variable freed_;
};

}  // namespace slipway::cli
