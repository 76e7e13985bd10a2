#pragma once

#include <string>
#include <string_view>

#include "repository/folder_snapshot.h"

namespace slipway::repository {

/// The file of a version folder that is the model, or why there is none.
struct ModelFile {
  std::string path;     ///< relative to the snapshot's folder; "" with a refusal
  std::string refusal;  ///< "holds a TensorFlow SavedModel, which is not read yet: ..."
};

/// Whether the ending says a format that can be imported: .onnx, .keras, .h5, .hdf5.
bool IsImportable(std::string_view name);

/// Finds the model in `folder`: the file of that `name` where one is given, else model.onnx,
/// model.keras, model.h5, else the only file of a format that can be imported. A model.onnx that is
/// a folder has the model inside. Formats of other engines are refused by their name. Pure.
ModelFile FindModelFile(const FolderSnapshot& snapshot, const std::string& folder,
                        const std::string& name = "");

}  // namespace slipway::repository
