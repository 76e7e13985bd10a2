#include "cli/import_process.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <span>
#include <utility>

#include "base/error_catalogue.h"
#include "cli/import_apart.h"

namespace slipway::cli {
namespace {

Status Gone() {
  return Internal("the process that imports files is gone")
      .With(errors::kImporterDied)
      .Hint("start the server again");
}

// False: the other end is closed.
bool ReadExactly(int descriptor, std::span<char> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = read(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

// A message is its length, in the byte order of this machine, and its bytes.
Result<std::string> ReadMessage(int descriptor) {
  std::array<char, sizeof(std::uint64_t)> head{};
  std::uint64_t size = 0;
  if (!ReadExactly(descriptor, head)) return Gone();
  std::memcpy(&size, head.data(), head.size());
  if (size > kMaxApartBytes) return Gone();
  std::string message(size, '\0');
  if (!ReadExactly(descriptor, message)) return Gone();
  return message;
}

bool WriteMessage(int descriptor, std::string_view message) {
  const std::uint64_t size = message.size();
  std::string bytes(sizeof size, '\0');
  std::memcpy(bytes.data(), &size, sizeof size);
  bytes += message;
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t count = send(descriptor, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// In the child: path and folder come as two messages, the outcome goes back as one.
void ImportUntilClosed(Context& context, int descriptor) {
  while (true) {
    const Result<std::string> path = ReadMessage(descriptor);
    const Result<std::string> folder = ReadMessage(descriptor);
    if (!path.ok() || !folder.ok()) return;
    const std::string outcome = EncodeApart(ImportApart(context, *path, *folder));
    if (!WriteMessage(descriptor, outcome)) return;
  }
}

}  // namespace

Result<std::unique_ptr<ImportProcess>> ImportProcess::Start(Context& context) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return ErrnoStatus(errno, "cannot make a pair of sockets");
  FileDescriptor ours(ends[0]);
  FileDescriptor theirs(ends[1]);
  const pid_t child = fork();
  if (child < 0) return ErrnoStatus(errno, "cannot start a process for imports");
  if (child == 0) {
    ours.Close();
    BecomeOrdinaryChild();
    (void)std::signal(SIGINT, SIG_IGN);  // Ctrl-C is for the server, which then closes the socket
    (void)std::signal(SIGHUP, SIG_IGN);
    ImportUntilClosed(context, theirs.get());
    _exit(0);  // the parent's objects are the parent's to destroy
  }
  return std::unique_ptr<ImportProcess>(new ImportProcess(std::move(ours), child));
}

ImportProcess::~ImportProcess() {
  shutdown(socket_.get(), SHUT_RDWR);  // closing would not do: processes forked later hold it too
  while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<serve::FileImporter::Imported> ImportProcess::Import(const std::string& path,
                                                            const std::string& work_folder) const {
  if (!WriteMessage(socket_.get(), path) || !WriteMessage(socket_.get(), work_folder))
    return Gone();
  SLIPWAY_TRY(const std::string outcome, ReadMessage(socket_.get()));
  SLIPWAY_TRY(ImportedApart apart, DecodeApart(outcome));
  return serve::FileImporter::Imported{.manifest = std::move(apart.manifest),
                                       .graph_path = std::move(apart.graph_path),
                                       .warnings = std::move(apart.warnings)};
}

Result<std::unique_ptr<ImportProcesses>> ImportProcesses::Start(Context& context, unsigned count) {
  std::vector<Process> processes;
  for (unsigned i = 0; i < count; ++i) {
    SLIPWAY_TRY(Process process, ImportProcess::Start(context));
    processes.push_back(std::move(process));
  }
  return std::unique_ptr<ImportProcesses>(new ImportProcesses(std::move(processes)));
}

Result<serve::FileImporter::Imported> ImportProcesses::Import(const std::string& path,
                                                              const std::string& work_folder) {
  Process process = Take();
  Result<Imported> imported = process->Import(path, work_folder);
  GiveBack(std::move(process));
  return imported;
}

ImportProcesses::Process ImportProcesses::Take() {
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [this] { return !free_.empty(); });
  Process process = std::move(free_.back());
  free_.pop_back();
  return process;
}

void ImportProcesses::GiveBack(Process process) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(process));
  }
  freed_.notify_one();
}

}  // namespace slipway::cli
