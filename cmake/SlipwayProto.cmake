# slipway_proto(TARGET FILE...): the messages of api/proto/FILE..., generated into the build tree as one static library. Its headers are
# heavy: link it PRIVATE, and include them in .cc files only.
function(slipway_proto target)
  set(root ${CMAKE_SOURCE_DIR}/api/proto)
  set(generated ${CMAKE_BINARY_DIR}/proto)
  file(MAKE_DIRECTORY ${generated})
  set(sources)
  foreach(file IN LISTS ARGN)
    string(REGEX REPLACE "\\.proto$" "" stem ${file})
    add_custom_command(
      OUTPUT ${generated}/${stem}.pb.cc ${generated}/${stem}.pb.h
      COMMAND protobuf::protoc --cpp_out=${generated} -I ${root} ${root}/${file}
      DEPENDS ${root}/${file}
      VERBATIM)
    list(APPEND sources ${generated}/${stem}.pb.cc)
  endforeach()
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} SYSTEM PUBLIC ${generated})
  target_compile_options(${target} PRIVATE -w)
  if(SLIPWAY_SANITIZE MATCHES "thread")
    # Where its headers see the sanitizer, maps have two members that those of the system's library lack.
    target_compile_options(${target} PUBLIC -U__SANITIZE_THREAD__)
  endif()
  target_link_libraries(${target} PUBLIC protobuf::libprotobuf)
  set_target_properties(${target} PROPERTIES CXX_CLANG_TIDY "")
endfunction()
