# XGRAD_SANITIZE=address,undefined or =thread: the first finding ends the program.

function(xgrad_add_sanitizers target)
    if(XGRAD_SANITIZE STREQUAL "")
        return()
    endif()
    target_compile_options(${target} INTERFACE
        -fsanitize=${XGRAD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} INTERFACE -fsanitize=${XGRAD_SANITIZE})
endfunction()
