# Every library that Slipway takes from outside, found in one place. tools/bootstrap installs them.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(Protobuf REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)  # its CMake config wants zipcmp, a tool nobody needs
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(LibArchive REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
option(SLIPWAY_SHARED_NGHTTP2 "Link libnghttp2 dynamically, so that updates of the system's reach it (docs/adr/0040)" OFF)
if(NOT SLIPWAY_SHARED_NGHTTP2)
  pkg_get_variable(nghttp2_folder libnghttp2 libdir)
  find_library(SLIPWAY_NGHTTP2_ARCHIVE libnghttp2.a PATHS ${nghttp2_folder} NO_DEFAULT_PATH REQUIRED)
  set_property(TARGET PkgConfig::NGHTTP2 PROPERTY INTERFACE_LINK_LIBRARIES ${SLIPWAY_NGHTTP2_ARCHIVE})
endif()
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
if(SLIPWAY_TESTS)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
endif()

set(SLIPWAY_THIRD_PARTY ${CMAKE_SOURCE_DIR}/third_party)
if(NOT EXISTS ${SLIPWAY_THIRD_PARTY}/onnx OR NOT EXISTS ${SLIPWAY_THIRD_PARTY}/onnxruntime)
  message(FATAL_ERROR "third_party/ is not filled: run tools/bootstrap first")
endif()

# The allocator of programs that serve. A sanitizer brings its own. Nothing calls it by a name of its own, so the linker is told to keep it.
add_library(slipway_allocator INTERFACE)
if(NOT SLIPWAY_SANITIZE AND NOT SLIPWAY_FUZZ)
  target_link_options(slipway_allocator INTERFACE -Wl,--push-state,--no-as-needed ${JEMALLOC_LINK_LIBRARIES} -Wl,--pop-state)
endif()

# ONNX's own C++ library. Its CMake config forgets protobuf, which is therefore found above.
find_package(ONNX CONFIG REQUIRED PATHS ${SLIPWAY_THIRD_PARTY}/onnx NO_DEFAULT_PATH)

# ONNX Runtime: headers only; the library is opened at run time.
add_library(onnxruntime_headers INTERFACE)
target_include_directories(onnxruntime_headers SYSTEM INTERFACE ${SLIPWAY_THIRD_PARTY}/onnxruntime/include/Headers)
file(GLOB SLIPWAY_ORT_LIBRARY ${SLIPWAY_THIRD_PARTY}/onnxruntime/lib/libonnxruntime.so.*)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
file(CREATE_LINK ${SLIPWAY_ORT_LIBRARY} ${CMAKE_BINARY_DIR}/lib/libonnxruntime.so SYMBOLIC)

# libhdf5 as one target: its own package sets variables only. For room import alone.
add_library(hdf5_c INTERFACE)
target_include_directories(hdf5_c SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_link_libraries(hdf5_c INTERFACE ${HDF5_C_LIBRARIES})
