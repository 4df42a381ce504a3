; Installer for Windows, out of the folder that PyInstaller built. Inno Setup 6:
;
;     iscc /DVersion=0.1.0 packaging\windows.iss
;
; It installs for one person and needs no administrator; /ALLUSERS on its command line installs for everybody.

#ifndef Version
  #error Say which version: iscc /DVersion=...
#endif
#define Root SourcePath + ".."

[Setup]
AppId={{5C0E2B0B-6C1D-4C0C-9F0C-3B5B9A0B7D51}
AppName=medseg
AppVersion={#Version}
AppPublisher=The medseg_gui authors
AppComments=Research software. Not a medical device.
DefaultDirName={autopf}\medseg
DefaultGroupName=medseg
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=commandline dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0
LicenseFile={#Root}\LICENSE
OutputDir={#Root}\dist
OutputBaseFilename=medseg-{#Version}-windows-x64
UninstallDisplayIcon={app}\medseg.exe
Compression=lzma2/normal
SolidCompression=yes
WizardStyle=modern
#ifdef Sign
  SignTool={#Sign}
  SignedUninstaller=yes
#endif

[Files]
Source: "{#Root}\dist\medseg\*"; DestDir: "{app}"; Flags: recursesubdirs createallsubdirs ignoreversion

[InstallDelete]
; Libraries of an older version must not stay beside those of this one.
Type: filesandordirs; Name: "{app}\_internal"

[Icons]
Name: "{group}\medseg"; Filename: "{app}\medseg.exe"
Name: "{group}\medseg demo"; Filename: "{app}\medseg.exe"; Parameters: "demo"
Name: "{autodesktop}\medseg"; Filename: "{app}\medseg.exe"; Tasks: desktop

[Tasks]
Name: desktop; Description: "An icon on the desktop"; Flags: unchecked

[Run]
Filename: "{app}\medseg.exe"; Parameters: "demo"; Description: "Open the demo"; Flags: nowait postinstall skipifsilent
