#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/file.h"
#include "base/status.h"
#include "cli/context.h"
#include "serve/control/folder_source.h"

namespace slipway::cli {

/// A child of this process that imports files for it, each in a child of its own: it was forked
/// while there was one thread, so that a server with many can go on importing. It ends with this
/// object, and with this process.
class ImportProcess final : public serve::FileImporter {
 public:
  /// Call it before this process has threads. `context` is used in the child.
  static Result<std::unique_ptr<ImportProcess>> Start(Context& context);
  ~ImportProcess() override;
  ImportProcess(const ImportProcess&) = delete;
  ImportProcess& operator=(const ImportProcess&) = delete;

  /// What ImportApart() says; Internal (kImporterDied): the child is gone.
  Result<Imported> Import(const std::string& path, const std::string& work_folder) override;

 private:
  ImportProcess(FileDescriptor socket, pid_t child) : socket_(std::move(socket)), child_(child) {}

  FileDescriptor socket_;
  const pid_t child_;
};

}  // namespace slipway::cli
