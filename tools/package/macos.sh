# Sets SDKROOT to a folder that names the functions of macOS that the program needs. To be sourced
# at the root of the repository. Apple gives out its own such folder, the SDK, with Xcode only; zig
# has the part for the C library.
#
# macOS 11 has all of these functions. A program that needs another one is not linked, so the list
# also keeps the program from needing a newer macOS.
SDKROOT=$(realpath -m "${CARGO_TARGET_DIR:-target}")/macos
export SDKROOT

library() { # path on macOS, path in the SDK, then functions and variables
    mkdir -p "$SDKROOT/$(dirname "$2")"
    cat >"$SDKROOT/$2.tbd" <<END
--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '$1'
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ $(printf ', _%s' "${@:3}" | cut -c 3-) ]
...
END
}

framework() { # name, version, then functions and variables
    local folder=System/Library/Frameworks/$1.framework
    library "/$folder/Versions/$2/$1" "$folder/$1" "${@:3}"
}

library /usr/lib/libobjc.A.dylib usr/lib/libobjc \
    class_getName class_isMetaClass object_getClass sel_getName sel_registerName \
    objc_{alloc,getClass,msgSend,release,retain,retainAutoreleasedReturnValue}
framework AudioToolbox A \
    AudioComponent{FindNext,InstanceDispose,InstanceNew} AudioOutputUnit{Start,Stop} \
    AudioUnit{GetProperty,Initialize,Render,SetProperty,Uninitialize}
framework CoreAudio A \
    AudioHardware{Create,Destroy}AggregateDevice \
    AudioObject{AddPropertyListener,GetPropertyData,GetPropertyDataSize,RemovePropertyListener,SetPropertyData}
framework CoreFoundation A \
    CFArrayCreate CFDictionary{CreateMutable,SetValue} CFRelease \
    CFString{CreateWithBytes,CreateWithCString,GetBytes,GetLength} \
    kCFAllocatorDefault kCFType{ArrayCallBacks,DictionaryKeyCallBacks,DictionaryValueCallBacks}
# Only asked for classes, by their names.
framework Foundation C NSObject
