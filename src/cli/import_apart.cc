#include "cli/import_apart.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/json.h"
#include "cli/describe.h"
#include "cli/terminal.h"
#include "jobs/import_model.h"

namespace slipway::cli {
namespace {

Result<ImportedApart> ImportHere(Context& context, const std::string& path,
                                 const std::string& work_folder) {
  SLIPWAY_TRY(engine::Engine * engine, context.Engine());
  Progress progress(context.style(), fmt::format("importing {}", path));
  SLIPWAY_TRY(jobs::ImportedModel imported,
              jobs::ImportModel(path, *engine, {.work_folder = work_folder},
                                [&](std::string_view stage) { progress.Stage(stage); }));
  std::string description = DescribeImport(imported);
  return ImportedApart{.manifest = std::move(imported.manifest),
                       .graph_path = std::move(imported.graph_path),
                       .description = std::move(description),
                       .warnings = std::move(imported.warnings),
                       .notes = std::move(imported.notes)};
}

Status HowItDied(int wait_status, const std::string& path) {
  const std::string how = WIFSIGNALED(wait_status)
                              ? fmt::format("signal {}", WTERMSIG(wait_status))
                              : fmt::format("exit code {}", WEXITSTATUS(wait_status));
  return Internal(fmt::format("the process that imported {} ended with {}", path, how))
      .With(errors::kImporterDied);
}

// What our own child wrote: its fields are as below.
Result<ImportedApart> Decode(const Json& json) {
  if (json.contains("code")) {
    return Status(static_cast<Code>(json["code"].get<unsigned>()), json["message"])
        .With(static_cast<ErrorNumber>(json["number"].get<unsigned>()))
        .At(json["place"].get<std::string>())
        .Hint(json["hint"].get<std::string>());
  }
  SLIPWAY_TRY(package::Manifest manifest,
              package::DecodeManifest(json["manifest"].get<std::string>()));
  return ImportedApart{.manifest = std::move(manifest),
                       .graph_path = json["graph_path"],
                       .description = json["description"],
                       .warnings = json["warnings"],
                       .notes = json["notes"]};
}

}  // namespace

std::string EncodeApart(const Result<ImportedApart>& imported) {
  OrderedJson json;
  if (imported.ok()) {
    json["manifest"] = package::EncodeManifest(imported->manifest);
    json["graph_path"] = imported->graph_path;
    json["description"] = imported->description;
    json["warnings"] = imported->warnings;
    json["notes"] = imported->notes;
  } else {
    const Status status = imported.status();
    json["code"] = static_cast<unsigned>(status.code());
    json["number"] = static_cast<unsigned>(status.number());
    json["message"] = status.message();
    json["place"] = status.place();
    json["hint"] = status.hint();
  }
  return DumpJson(json);
}

Result<ImportedApart> DecodeApart(std::string_view text) {
  SLIPWAY_TRY(const Json json, ParseJson(text));
  return Decode(json);
}

void BecomeOrdinaryChild() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)std::signal(SIGINT, SIG_DFL);
  (void)std::signal(SIGTERM, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

Result<ImportedApart> ImportApart(Context& context, const std::string& path,
                                  const std::string& work_folder) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return ErrnoStatus(errno, "cannot make a pipe");
  FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  const pid_t child = fork();
  if (child < 0) return ErrnoStatus(errno, "cannot start a process for the import");
  if (child == 0) {
    BecomeOrdinaryChild();
    ReturnLargeBlocksAtOnce();
    const std::string outcome = EncodeApart(ImportHere(context, path, work_folder));
    const bool written = WriteAll(writing.get(), std::as_bytes(std::span(outcome))).ok();
    _exit(written ? 0 : 1);  // the parent's objects are the parent's to destroy
  }
  writing.Close();
  const Result<std::string> outcome = ReadAll(reading.get(), kMaxApartBytes);
  int wait_status = 0;
  while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR) {
  }
  if (!outcome.ok()) return outcome.status();
  if (wait_status != 0) return HowItDied(wait_status, path);
  return DecodeApart(*outcome);
}

}  // namespace slipway::cli
