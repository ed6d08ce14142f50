"""Control markers of many models, for servers, which do not tell theirs. Whether one is a control token there, they are asked."""

from __future__ import annotations

from typing import Final

__all__ = ["KNOWN_MARKERS"]

_PLAIN: Final = (
    "s /s bos eos pad unk mask start_of_turn end_of_turn start_of_image end_of_image sop eop extra_id_0 extra_id_1"
)
_BARRED: Final = (
    "im_start im_end im_sep endoftext begin_of_text end_of_text eot_id eom_id start_header_id end_header_id python_tag "
    "finetune_right_pad_id startoftext start end message channel return call constrain endofprompt user assistant system "
    "tool observation context start_of_role end_of_role start_of_text tool_call end_of_turn START_OF_TURN_TOKEN END_OF_TURN_TOKEN "
    "USER_TOKEN CHATBOT_TOKEN SYSTEM_TOKEN START_RESPONSE END_RESPONSE START_THINKING END_THINKING START_ACTION END_ACTION "
    "fim_prefix fim_middle fim_suffix fim_pad repo_name file_sep header_start header_end eot eom begin_of_sentence "
    "end_of_sentence im_user im_assistant im_system im_middle turn "
    "tool_calls_section_begin tool_calls_section_end tool_call_begin tool_call_end"
)
_WIDE: Final = (
    "User Assistant begin▁of▁sentence end▁of▁sentence tool▁calls▁begin tool▁calls▁end tool▁call▁begin tool▁call▁end "
    "tool▁outputs▁begin tool▁outputs▁end tool▁output▁begin tool▁output▁end tool▁sep"
)
_SQUARE: Final = (
    "INST /INST TOOL_CALLS AVAILABLE_TOOLS /AVAILABLE_TOOLS TOOL_RESULTS /TOOL_RESULTS SYSTEM_PROMPT /SYSTEM_PROMPT "
    "TOOL_CONTENT ARGS CALL_ID THINK /THINK IMG PREFIX MIDDLE SUFFIX gMASK"
)

KNOWN_MARKERS: Final = (
    *(f"<{name}>" for name in _PLAIN.split()),
    *(f"<|{name}|>" for name in _BARRED.split()),
    *(f"<｜{name}｜>" for name in _WIDE.split()),
    *(f"[{name}]" for name in _SQUARE.split()),
)
"""As texts."""
