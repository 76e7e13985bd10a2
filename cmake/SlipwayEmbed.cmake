# slipway_embed(TARGET FUNCTION NAME HEADER x.h FILES a.html b.js)
#
# Puts files into a target as bytes: at build time a source is written that defines
#   std::span<const EmbeddedFile> slipway::serve::NAME()
# in the order of FILES, each under its name without folders. HEADER declares it.
#
# The same file is the script that writes that source (cmake -P).

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  set(arrays "")
  set(rows "")
  set(index 0)
  string(REPLACE "|" ";" files "${EMBED_FILES}")
  foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME)
    file(SIZE ${file} size)
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(APPEND arrays "constexpr unsigned char kBytes${index}[] = {${bytes}0};\n")
    string(APPEND rows "    {\"${name}\", {reinterpret_cast<const char*>(kBytes${index}), ${size}}},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  file(WRITE ${EMBED_OUTPUT} "// Written by cmake/SlipwayEmbed.cmake.
#include \"${EMBED_HEADER}\"

#include <array>

namespace slipway::serve {
namespace {
${arrays}
const std::array<EmbeddedFile, ${index}> kFiles = {{
${rows}}};
}  // namespace

std::span<const EmbeddedFile> ${EMBED_FUNCTION}() { return kFiles; }

}  // namespace slipway::serve
")
  return()
endif()

set(SLIPWAY_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(slipway_embed target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FUNCTION;HEADER" "FILES")
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${arg_FUNCTION}.cc)
  set(files "")
  foreach(file IN LISTS arg_FILES)
    get_filename_component(absolute ${file} ABSOLUTE)
    list(APPEND files ${absolute})
  endforeach()
  list(JOIN files "|" joined)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DEMBED_OUTPUT=${output} -DEMBED_FUNCTION=${arg_FUNCTION} -DEMBED_HEADER=${arg_HEADER}
      "-DEMBED_FILES=${joined}" -P ${SLIPWAY_EMBED_SCRIPT}
    DEPENDS ${files} ${SLIPWAY_EMBED_SCRIPT} VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
