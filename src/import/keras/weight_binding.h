#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "import/keras/hdf5_file.h"
#include "import/keras/saved_network.h"

namespace slipway::import::keras {

/// Gives every layer of `network` its weights out of an .h5 file, whose groups lie below `root`
/// ("model_weights", or "" in a weights-only file): by the order of the layers that have weights,
/// as Keras itself does, not by name. DataLoss (kCorruptModelFile), naming the layer: the counts do
/// not fit.
Status BindH5Weights(SavedNetwork& network, const Hdf5File& file, std::string_view root);

/// The same out of the weights of a .keras archive, where a weight's path is a walk over
/// attributes: "layers/conv2d_1/vars/0". A weight that the file lacks stays unbound: whoever asks
/// for it says so.
void BindArchiveWeights(SavedNetwork& network, const Hdf5File& file);

/// "conv2d_transpose" for "Conv2DTranspose", as Keras names its paths.
std::string SnakeCase(std::string_view class_name);

}  // namespace slipway::import::keras
