// slipway-import: reads one foreign model file and says what is in it. Spawned by slipway with its
// descriptors in place; of no use by hand.

#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/heap.h"
#include "base/text.h"
#include "importer/import_source.h"
#include "importer/wire/transcript.h"
#include "sandbox/confinement.h"

namespace slipway::importer {
namespace {

bool Write(std::string_view text) {
  return WriteAll(kResultDescriptor, std::as_bytes(std::span(text))).ok();
}

Result<Imported> ImportConfined(const Task& task) {
  SLIPWAY_RETURN_IF_ERROR(sandbox::EnterConfinement().status());
  return ImportSource(kSourceDescriptor, kWeightsDescriptor, task,
                      [](std::string_view stage) { Write(EncodeStage(stage)); });
}

int Run(const Task& task) {
  Result<Imported> imported = ImportConfined(task);
  if (!imported.ok()) return Write(EncodeFailure(imported.status())) ? 0 : 1;
  imported->answer.structure = imported->structure;
  return Write(EncodeAnswer(imported->answer)) && Write(imported->structure) ? 0 : 1;
}

}  // namespace
}  // namespace slipway::importer

int main(int count, char** arguments) {
  const auto opset = count == 4 ? slipway::ParseInt64(arguments[3]) : std::nullopt;
  if (!opset) {
    std::fputs("slipway-import is run by slipway: see slipway help import\n", stderr);
    return 2;
  }
  slipway::ReturnLargeBlocksAtOnce();
  const int code = slipway::importer::Run(
      {.source_name = arguments[1], .weights_location = arguments[2], .opset = *opset});
  // Everything was written: libraries' clean-up handlers have nothing left to do, and cost time.
  _exit(code);
}
